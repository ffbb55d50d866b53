package io.gradsieve.cli;

import io.gradsieve.config.Option;
import java.util.List;

/**
 * One command as declared in {@link CommandTable}.
 *
 * @param summary one sentence
 * @param arguments the positional arguments it takes
 * @param examples lines to type, for help
 */
record Command(
    String name,
    String summary,
    List<Option<?>> options,
    Arguments arguments,
    List<String> examples,
    Action action) {

  /** What a command does. */
  @FunctionalInterface
  interface Action {
    /**
     * Runs to the end; throws {@link io.gradsieve.GradsieveException} for everything a user can act
     * on.
     */
    Outcome run(Invocation invocation);
  }
}
