package io.gradsieve.backend;

import java.util.ArrayDeque;

/**
 * What was opened one after another, to be closed in reverse: by {@link #close} in the end, or by
 * {@link #abandon} where opening the next one failed.
 */
public final class Resources implements AutoCloseable {
  /** Closes one thing; throws nothing that has to be declared. */
  @FunctionalInterface
  public interface Closing {
    void close();
  }

  private final ArrayDeque<Closing> open = new ArrayDeque<>();

  /** Enters how to close what was just opened. */
  public void add(Closing closing) {
    open.push(closing);
  }

  /**
   * Closes all and returns the failure to throw on; what goes wrong on the way is attached to it.
   */
  public RuntimeException abandon(RuntimeException failure) {
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (RuntimeException e) {
        failure.addSuppressed(e);
      }
    }
    return failure;
  }

  /** Closes all, also where one fails, and then throws the first failure. */
  @Override
  public void close() {
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (RuntimeException e) {
        throw abandon(e);
      }
    }
  }
}
