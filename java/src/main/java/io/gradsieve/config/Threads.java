package io.gradsieve.config;

/** How many native threads there are. */
public final class Threads {
  private Threads() {}

  /** What {@code --threads} says, else one a core. */
  public static int of(Settings settings) {
    int cores = Runtime.getRuntime().availableProcessors();
    return settings.find(Options.THREADS).orElse(Math.min(Options.MOST_THREADS, cores));
  }
}
