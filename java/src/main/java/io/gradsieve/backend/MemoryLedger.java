package io.gradsieve.backend;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Native bytes by purpose: every allocation is entered under its purpose and taken out when closed.
 * Thread-safe.
 */
public final class MemoryLedger {
  /** Of all ledgers of the process. */
  private static final AtomicLong ALL = new AtomicLong();

  private final Map<String, Long> open = new TreeMap<>();
  private long current;
  private long peak;
  private long allocations;

  /** Enters an allocation. */
  public synchronized void add(String purpose, long bytes) {
    open.merge(purpose, bytes, Long::sum);
    current += bytes;
    ALL.addAndGet(bytes);
    peak = Math.max(peak, current);
    allocations++;
  }

  /** Takes an allocation out. */
  public synchronized void remove(String purpose, long bytes) {
    long left = open.getOrDefault(purpose, 0L) - bytes;
    if (left < 0) {
      throw new IllegalStateException(purpose + ": " + -left + " bytes more closed than opened");
    }
    if (left == 0) {
      open.remove(purpose);
    } else {
      open.put(purpose, left);
    }
    current -= bytes;
    ALL.addAndGet(-bytes);
  }

  /** Bytes open now, by purpose; empty when nothing leaked. */
  public synchronized Map<String, Long> open() {
    return new TreeMap<>(open);
  }

  /** Bytes open now in all ledgers of the process. */
  public static long openBytes() {
    return ALL.get();
  }

  /** Largest sum of bytes open at once. */
  public synchronized long peak() {
    return peak;
  }

  /** Allocations so far. */
  public synchronized long allocations() {
    return allocations;
  }
}
