package io.gradsieve.sieve;

import io.gradsieve.Internal;

/** How far the labels of the rows of a scores file can be trusted. */
@Internal
public interface LabelVerdicts {
  /** In [0, 1], low is suspicious; NaN where nothing is known. */
  float at(int sample);

  /** Whether the label is probably wrong; false where nothing is known. */
  boolean issue(int sample);
}
