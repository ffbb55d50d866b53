package io.gradsieve.dist.handshake;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Counts a listener's connections that are not authenticated yet, and the memory they hold. For all
 * threads that accept.
 */
public final class ConnectionLimits {
  private final int most;
  private final int mostOfAddress;
  private final int mostBytes;
  private final Map<InetAddress, Integer> ofAddress = new HashMap<>();
  private int all;
  private int bytes;

  /**
   * Limits.
   *
   * @param most connections
   * @param mostOfAddress connections of one address; loopback is exempt, a host's workers share it
   * @param mostBytes of all together
   */
  public ConnectionLimits(int most, int mostOfAddress, int mostBytes) {
    this.most = most;
    this.mostOfAddress = mostOfAddress;
    this.mostBytes = mostBytes;
  }

  /** 256 connections, 16 an address, 4 MiB. */
  public static ConnectionLimits standard() {
    return new ConnectionLimits(256, 16, 4 << 20);
  }

  /** Counts a connection just accepted; a refused one is not counted and is to be closed. */
  public synchronized Optional<Refusal> enter(InetAddress address) {
    if (all >= most) {
      return Optional.of(Refusal.TOO_MANY);
    }
    if (!address.isLoopbackAddress() && ofAddress.getOrDefault(address, 0) >= mostOfAddress) {
      return Optional.of(Refusal.TOO_MANY_OF_ADDRESS);
    }
    all++;
    ofAddress.merge(address, 1, Integer::sum);
    return Optional.empty();
  }

  /** Counts no longer one that entered, as it was authenticated or closed. */
  public synchronized void leave(InetAddress address) {
    if (!ofAddress.containsKey(address)) {
      throw new IllegalStateException("left without having entered");
    }
    all--;
    // an address without connections must not stay: there are many
    ofAddress.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
  }

  /** Counts memory about to be held; refused, it is not counted and not to be held. */
  public synchronized Optional<Refusal> hold(int more) {
    if (more < 0) {
      throw new IllegalArgumentException("bytes held: " + more);
    }
    if (more > mostBytes - bytes) {
      return Optional.of(Refusal.TOO_MANY_BYTES);
    }
    bytes += more;
    return Optional.empty();
  }

  /** Counts memory no longer. */
  public synchronized void release(int fewer) {
    if (fewer < 0 || fewer > bytes) {
      throw new IllegalStateException("released %d of %d bytes".formatted(fewer, bytes));
    }
    bytes -= fewer;
  }
}
