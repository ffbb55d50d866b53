package io.gradsieve.dist.handshake;

import java.net.InetAddress;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Counts refused connections by cause, so that a flood of them is one line a cause and not a full
 * disk. Lines have our own words and the peer's address, no byte a peer sent. For all threads that
 * accept.
 */
public final class CauseCounter {
  private final Map<Refusal, Long> counts = new EnumMap<>(Refusal.class);

  /** Counts one; the line to log if it is the first of its cause. */
  public synchronized Optional<String> count(Refusal refusal, InetAddress peer) {
    return counts.merge(refusal, 1L, Long::sum) == 1
        ? Optional.of(
            "refused a connection of %s, which %s; more of these are only counted"
                .formatted(peer.getHostAddress(), refusal.text()))
        : Optional.empty();
  }

  /** How often so far, 0 for never. */
  public synchronized long of(Refusal refusal) {
    return counts.getOrDefault(refusal, 0L);
  }

  /** A line for each cause that was met, for the end of the log. */
  public synchronized List<String> summary() {
    return counts.entrySet().stream()
        .map(e -> "refused %,d in all: a peer %s".formatted(e.getValue(), e.getKey().text()))
        .toList();
  }
}
