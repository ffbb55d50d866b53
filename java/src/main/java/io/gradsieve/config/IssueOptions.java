package io.gradsieve.config;

import static io.gradsieve.config.Option.of;
import static io.gradsieve.config.ValueType.path;
import static io.gradsieve.config.ValueType.whole;

import io.gradsieve.config.Option.Section;
import io.gradsieve.config.ValueType.Use;

/** The options of {@code issues} alone, declared once as {@link Options} declares the others. */
public final class IssueOptions {
  /** 1 holds nothing out. */
  public static final Option<Integer> FOLDS =
      of(
          Section.COMMAND,
          "folds",
          whole(1),
          "5",
          "every sample is judged by a network that was trained without its fold, of so many; the default is at most the smallest class; 1: by the run of --model itself, at once");

  public static final Option<String> OUT =
      of(
          Section.COMMAND,
          "out",
          path("FILE", Use.OUTPUT),
          "the data without the suspected samples (.csv, .npz), or the indices of the others (.txt, .npy)");

  private IssueOptions() {}
}
