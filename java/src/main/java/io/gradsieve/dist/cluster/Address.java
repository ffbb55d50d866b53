package io.gradsieve.dist.cluster;

import io.gradsieve.GradsieveException.Usage;
import java.util.regex.Pattern;

/**
 * A host and a port, not resolved.
 *
 * @param host name, IPv4 or IPv6 address without brackets
 * @param port 1 to 65,535
 */
public record Address(String host, int port) {
  static final int LARGEST_PORT = 65_535;

  /** What names and addresses are made of; a domain name has at most 253 characters. */
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._:%-]{1,253}");

  /**
   * Checked.
   *
   * @throws IllegalArgumentException if it is no host or no port
   */
  public Address {
    if (!isHost(host) || port < 1 || port > LARGEST_PORT) {
      throw new IllegalArgumentException("no address: " + host + " port " + port);
    }
  }

  static boolean isHost(String text) {
    return HOST.matcher(text).matches();
  }

  /**
   * Reads {@code host:port} or {@code [IPv6]:port}.
   *
   * @param name of the variable or option, for the message
   * @throws Usage if it is neither
   */
  public static Address parse(String name, String text) {
    int colon = text.lastIndexOf(':');
    String host = text.substring(0, Math.max(colon, 0));
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    String bare = bracketed ? host.substring(1, host.length() - 1) : host;
    int port = Environment.digits(text.substring(colon + 1)).orElse(0);
    boolean whole = bracketed == bare.contains(":") && isHost(bare);
    if (!whole || port < 1 || port > LARGEST_PORT) {
      throw new Usage(
          "%s is '%s': give host:port, an IPv6 address in brackets, a port from 1 to %d"
              .formatted(name, Environment.shown(text), LARGEST_PORT));
    }
    return new Address(bare, port);
  }

  /** Whether it can only mean the machine that connects; a machine's name may resolve so too. */
  public boolean meansLoopback() {
    return host.equals("localhost") || host.startsWith("127.") || host.equals("::1");
  }

  /** Whether it means all of a machine's addresses, where none can connect to. */
  public boolean meansAll() {
    return host.equals("0.0.0.0") || host.equals("::");
  }

  /** {@code host:port}, an IPv6 address in brackets: what {@link #parse} reads. */
  @Override
  public String toString() {
    return (host.contains(":") ? "[" + host + "]:" : host + ":") + port;
  }
}
