package io.gradsieve.backend;

import io.gradsieve.backend.CompiledStep.Choice;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Which samples a choice has to take, from the scores of all. */
final class Ranking {
  private Ranking() {}

  static FloatBuffer scores(StepRecords records, Choice by) {
    return switch (by) {
      case LOSS -> records.loss();
      case EL2N -> records.el2n();
      case MARGIN -> records.margin();
    };
  }

  /** A number of samples for each class, {@code count} together, as evenly as the labels allow. */
  static int[] ofClasses(int count, int classes, int[] labels) {
    int[] ofClass = new int[classes];
    int given = 0;
    for (int c = 0; given < count; c = (c + 1) % classes) {
      int label = c;
      if (Arrays.stream(labels).filter(l -> l == label).count() > ofClass[c]) {
        ofClass[c]++;
        given++;
      }
    }
    return ofClass;
  }

  /** The {@code count} samples of the highest score, or of each class so many. */
  static List<Integer> highest(double[] scores, int count, int[] ofClass, int[] labels) {
    List<Integer> ranked =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -scores[i]))
            .toList();
    if (ofClass.length == 0) {
      return ranked.subList(0, count);
    }
    List<Integer> first = new ArrayList<>();
    for (int c = 0; c < ofClass.length; c++) {
      int label = c;
      ranked.stream().filter(i -> labels[i] == label).limit(ofClass[c]).forEach(first::add);
    }
    return first;
  }
}
