package io.gradsieve.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.GradsieveException.BadData;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SplitTest {
  private static Dataset labelled(int... labels) {
    return new DatasetBuilder(
            "t", SampleShape.features(1), true, new SampleStore("t", labels.length, 1))
        .labels(labels)
        .build("t", DataRequest.evaluate("t"));
  }

  @Property
  void partsAreDisjointAscendingAndStratified(
      @ForAll @Size(min = 2, max = 300) List<@IntRange(max = 4) Integer> labels,
      @ForAll @DoubleRange(min = 0, max = 0.95) double fraction,
      @ForAll long seed) {
    int[] l = labels.stream().mapToInt(i -> i).toArray();
    Dataset data = labelled(l);
    Split.Parts parts;
    try {
      parts = Split.stratified(data, data.train(), fraction, seed);
    } catch (BadData e) {
      // only where too few samples are there to take one and leave one in a class
      assertThat(
              Math.round(fraction * l.length) == 0
                  || Arrays.stream(l)
                      .distinct()
                      .allMatch(k -> count(l, k) * fraction < 1 || count(l, k) == 1))
          .isTrue();
      return;
    }
    int[] both =
        IntStream.concat(Arrays.stream(parts.train()), Arrays.stream(parts.validation()))
            .sorted()
            .toArray();
    assertThat(both).isEqualTo(data.train());
    assertThat(parts.train()).isSorted();
    assertThat(parts.validation()).isSorted();
    assertThat((long) parts.validation().length)
        .isLessThanOrEqualTo(Math.round(fraction * l.length));
    for (int k = 0; k < 5; k++) {
      int all = count(l, k);
      int aside = count(Arrays.stream(parts.validation()).map(i -> l[i]).toArray(), k);
      assertThat(Math.abs(aside - fraction * all)).isLessThan(1 + 1e-9);
      assertThat(aside).isLessThanOrEqualTo(Math.max(0, all - 1));
    }
  }

  @Property
  void foldsAreStratifiedAndOfOneSize(
      @ForAll @Size(min = 2, max = 300) List<@IntRange(max = 4) Integer> labels,
      @ForAll @IntRange(min = 2, max = 7) int folds,
      @ForAll long seed) {
    int[] l = labels.stream().mapToInt(i -> i).toArray();
    Dataset data = labelled(l);
    int[] fold = Split.folds(data, data.train(), folds, seed);
    assertThat(fold).hasSize(l.length);
    for (int f = 0; f < folds; f++) {
      int held = f;
      int[] inIt = IntStream.range(0, l.length).filter(i -> fold[i] == held).toArray();
      assertThat(inIt.length).isBetween(l.length / folds, (l.length + folds - 1) / folds);
      for (int k = 0; k < 5; k++) {
        int all = count(l, k);
        assertThat(count(Arrays.stream(inIt).map(i -> l[i]).toArray(), k))
            .isBetween(all / folds, (all + folds - 1) / folds);
      }
    }
  }

  private static int count(int[] labels, int label) {
    return (int) Arrays.stream(labels).filter(l -> l == label).count();
  }

  @Test
  void aTenthOfTheDigitsIsExactlyATenthAndDependsOnTheSeedAlone() {
    Dataset digits = DataSource.open(DataRequest.train("digits"));
    Split.Parts a = Split.stratified(digits, digits.train(), 0.1, 7);
    assertThat(a.validation()).hasSize(144);
    assertThat(Split.stratified(digits, digits.train(), 0.1, 7).validation())
        .isEqualTo(a.validation());
    assertThat(Split.stratified(digits, digits.train(), 0.1, 8).validation())
        .isNotEqualTo(a.validation());
  }

  @Test
  void nothingIsSetAsideForNothing() {
    Dataset data = labelled(0, 1, 0, 1);
    assertThat(Split.stratified(data, data.train(), 0, 1).validation()).isEmpty();
  }

  @Test
  void aClassKeepsItsLastSampleEvenIfNoneIsSetAsideThen() {
    Dataset data = labelled(0, 1);
    assertThat(Split.stratified(data, data.train(), 0.5, 1).validation()).isEmpty();
    Dataset many = labelled(0, 0, 0, 0, 0, 0, 0, 1);
    Split.Parts parts = Split.stratified(many, many.train(), 0.99, 1);
    assertThat(parts.train()).hasSize(2).contains(7);
  }
}
