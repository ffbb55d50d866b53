package io.gradsieve;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Counts what a thread allocates: readers must not ask for what they were not given. */
public final class AllocatedBytes {
  /** A byte that is read becomes at most so many, as objects and copies. */
  private static final long MOST_OF_A_BYTE = 64;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private AllocatedBytes() {}

  /** What reads. */
  @FunctionalInterface
  public interface Reading {
    void read() throws Exception;
  }

  /** Bytes that the calling thread has allocated so far. */
  public static long soFar() {
    return THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
  }

  /**
   * Checks that reading allocates no more than in proportion to what is read, and {@code few} bytes
   * beside. Reads again if it was more, since the first time classes are loaded for it.
   */
  public static void assertFew(long few, byte[] read, Reading reading) throws Exception {
    long most = few + MOST_OF_A_BYTE * read.length;
    if (of(reading) > most) {
      assertThat(of(reading)).as("bytes allocated").isLessThanOrEqualTo(most);
    }
  }

  private static long of(Reading reading) throws Exception {
    long before = soFar();
    reading.read();
    return soFar() - before;
  }
}
