package io.gradsieve.sieve;

import io.gradsieve.Internal;

/** What a scores file says of a sample beside its scores; the data set behind it answers. */
@Internal
public interface SampleNames {
  /** The {@code --id} value, else an image's relative path, else the index. */
  String id(int sample);

  /** Position in the original file or listing, from 0. */
  long index(int sample);

  /** Class name of the given label. */
  String label(int sample);

  /** Name of class k. */
  String className(int k);

  /** {@code train} or {@code test}. */
  String split(int sample);

  /** A 128-bit hash of its inputs, 32 hexadecimal digits in small letters. */
  String content(int sample);
}
