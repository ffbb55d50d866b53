package io.gradsieve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;

/**
 * Reads one damaged input after another. Each gives a value or one line of the exception its reader
 * promises, which names the file; nothing else, and within the memory a small file may ask for.
 *
 * <p>A failure names its seed; {@code -Dseed=N} makes that input the first one. {@code
 * -Dgradsieve.fuzz.seconds=S} reads for S seconds instead of the given number of inputs. While an
 * input is read its seed is in the thread's name, so that a stack dump tells which one hangs or
 * crashes.
 */
public final class Fuzz {
  private static final int SECONDS = Integer.getInteger("gradsieve.fuzz.seconds", 0);

  /** A small file that makes its reader allocate more asks for memory it does not need. */
  private static final long MOST_BYTES = 256L << 20;

  private final String name;
  private final Class<? extends GradsieveException> promised;

  /** Writes one damaged input, reads it and checks the value. */
  @FunctionalInterface
  public interface Reading {
    void read(Mutations mutations) throws Exception;
  }

  /**
   * Of one reader.
   *
   * @param name stands in every message: the file's
   * @param promised what a refusal is
   */
  public Fuzz(String name, Class<? extends GradsieveException> promised) {
    this.name = name;
    this.promised = promised;
  }

  /** Reads {@code inputs} inputs, or as many as the seconds allow. */
  public void run(int inputs, Reading reading) {
    long seed = TestSeed.of(1);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    Thread thread = Thread.currentThread();
    String before = thread.getName();
    long done = 0;
    long refused = 0;
    try {
      while (SECONDS == 0 ? done < inputs : System.nanoTime() < end) {
        thread.setName("fuzz " + name + " -Dseed=" + seed);
        refused += isRefused(reading, seed) ? 1 : 0;
        done++;
        seed++;
      }
    } finally {
      thread.setName(before);
    }
    System.out.printf("fuzz %s: %,d inputs, %,d refused%n", name, done, refused);
    // all fine would mean that nothing was damaged, none that nothing was read
    assertThat(refused).isBetween(1L, done - 1);
  }

  private boolean isRefused(Reading reading, long seed) {
    try {
      long before = AllocatedBytes.soFar();
      boolean refused = isRefused(reading, new Mutations(seed));
      assertThat(AllocatedBytes.soFar() - before).as("bytes allocated").isLessThan(MOST_BYTES);
      return refused;
    } catch (Exception | Error e) {
      throw new AssertionError("fuzz " + name + ": repeat with -Dseed=" + seed, e);
    }
  }

  private boolean isRefused(Reading reading, Mutations mutations) throws Exception {
    try {
      reading.read(mutations);
      return false;
    } catch (GradsieveException e) {
      assertThat(e).isInstanceOf(promised);
      assertThat(e.getMessage()).contains(name).doesNotContain("\n", "\r");
      return true;
    }
  }
}
