package io.gradsieve.dist.ring;

import io.gradsieve.GradsieveException.Usage;
import java.math.BigInteger;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** This machine's addresses, and which of them others are told. */
final class Interfaces {
  private static final String OPTION = "--interface";

  /** Interfaces of containers and virtual machines: addresses behind them mean another host. */
  private static final Pattern BRIDGES =
      Pattern.compile("(docker|br-|virbr|veth|cni|flannel|cali|lxc|lxd|podman|vmnet).*");

  private static final Pattern DIGITS =
      Pattern.compile("[0-9]+(\\.[0-9]+){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

  private static final Comparator<Own> ORDER =
      Comparator.comparing((Own own) -> BRIDGES.matcher(own.name).matches())
          .thenComparing(own -> !(own.address instanceof Inet4Address));

  /** An address of this machine that others may reach, and the interface that has it. */
  record Own(String name, InetAddress address) {
    String text() {
      return name + " " + digits(address);
    }
  }

  private Interfaces() {}

  /** Of interfaces that are up; none that means something on one link only. */
  static List<Own> all() throws SocketException {
    List<Own> all = new ArrayList<>();
    for (NetworkInterface each : Collections.list(NetworkInterface.getNetworkInterfaces())) {
      if (each.isUp()) {
        for (InetAddress address : Collections.list(each.getInetAddresses())) {
          if (!address.isLinkLocalAddress() && !address.isMulticastAddress()) {
            all.add(new Own(each.getName(), address));
          }
        }
      }
    }
    return all;
  }

  /**
   * Those to listen at and to tell others, the likeliest first.
   *
   * @param wanted an interface's name, an address, or a network such as {@code 10.0.0.0/8}
   * @param loopbackOnly unless one is wanted, only the loopback interface's
   * @throws Usage if what is wanted is not there, listing what is
   */
  static List<InetAddress> choose(List<Own> all, Optional<String> wanted, boolean loopbackOnly) {
    List<InetAddress> chosen =
        all.stream()
            .filter(own -> fits(own, wanted, loopbackOnly))
            .sorted(ORDER)
            .map(Own::address)
            .distinct()
            .toList();
    if (!chosen.isEmpty()) {
      return chosen;
    }
    String there = all.stream().map(Own::text).collect(Collectors.joining(", "));
    throw new Usage(
        wanted
                .map(text -> "%s %s is none of this machine".formatted(OPTION, text))
                .orElse("no interface with an address that other hosts reach is up")
            + "; there are: %s: give %s a name, an address or a network (10.0.0.0/8) of one"
                .formatted(there.isEmpty() ? "none" : there, OPTION));
  }

  private static boolean fits(Own own, Optional<String> wanted, boolean loopbackOnly) {
    if (wanted.isEmpty()) {
      return own.address.isLoopbackAddress() == loopbackOnly;
    }
    String text = wanted.get();
    return own.name.equals(text) || inNetwork(own.address, text);
  }

  /** Whether it is this address, or in this network. */
  private static boolean inNetwork(InetAddress address, String text) {
    int slash = text.indexOf('/');
    Optional<InetAddress> network = literal(slash < 0 ? text : text.substring(0, slash));
    if (network.isEmpty() || network.get().getAddress().length != address.getAddress().length) {
      return false;
    }
    int bits = 8 * address.getAddress().length;
    int prefix = bits;
    if (slash >= 0) {
      String digits = text.substring(slash + 1);
      if (!digits.matches("[0-9]{1,3}") || Integer.parseInt(digits) > bits) {
        return false;
      }
      prefix = Integer.parseInt(digits);
    }
    BigInteger a = new BigInteger(1, address.getAddress()).shiftRight(bits - prefix);
    return a.equals(new BigInteger(1, network.get().getAddress()).shiftRight(bits - prefix));
  }

  /** An address in digits; no name is looked up. */
  static Optional<InetAddress> literal(String text) {
    try {
      return DIGITS.matcher(text).matches()
          ? Optional.of(InetAddress.getByName(text))
          : Optional.empty();
    } catch (UnknownHostException e) {
      return Optional.empty();
    }
  }

  /** Without a name and an interface's number. */
  static String digits(InetAddress address) {
    String text = address.getHostAddress();
    int scope = text.indexOf('%');
    return scope < 0 ? text : text.substring(0, scope);
  }
}
