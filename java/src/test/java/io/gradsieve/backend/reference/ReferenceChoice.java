package io.gradsieve.backend.reference;

import io.gradsieve.backend.CompiledStep.Choice;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Which samples go backward. */
final class ReferenceChoice {
  private ReferenceChoice() {}

  /** Their places in the batch, in its order; see {@link Choice} and its call. */
  static int[] of(ReferenceRecords records, Choice by, int count, int[] ofClass, int[] labels) {
    if (count < 0 || count > labels.length) {
      throw new IllegalArgumentException("choose: %d of %d".formatted(count, labels.length));
    }
    FloatBuffer scores =
        switch (by) {
          case LOSS -> records.loss();
          case EL2N -> records.el2n();
          case MARGIN -> records.margin();
        };
    List<Integer> ranked =
        IntStream.range(0, labels.length)
            .boxed()
            .sorted(
                Comparator.comparingDouble((Integer i) -> -score(scores.get(i)))
                    .thenComparing(i -> i))
            .toList();
    return (ofClass.length == 0 ? ranked.subList(0, count) : ofClasses(ranked, ofClass, labels))
        .stream().mapToInt(i -> i).sorted().toArray();
  }

  /** What is no number ranks last. */
  private static double score(double score) {
    return Double.isNaN(score) ? Double.NEGATIVE_INFINITY : score;
  }

  /** Throws if the classes do not have so many samples, or so many are not asked for. */
  static void check(int count, int[] ofClass, int[] labels) {
    if (ofClass.length == 0) {
      return;
    }
    boolean has = Arrays.stream(ofClass).sum() == count;
    for (int c = 0; c < ofClass.length; c++) {
      int label = c;
      has &= Arrays.stream(labels).filter(l -> l == label).count() >= ofClass[c];
    }
    if (!has) {
      throw new IllegalArgumentException("choose: the labels do not have so many of each class");
    }
  }

  private static List<Integer> ofClasses(List<Integer> ranked, int[] ofClass, int[] labels) {
    int[] left = ofClass.clone();
    List<Integer> first = new ArrayList<>();
    for (int i : ranked) {
      if (labels[i] < left.length && left[labels[i]]-- > 0) {
        first.add(i);
      }
    }
    return first;
  }
}
