package io.gradsieve.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class DuplicatesTest {
  private static Duplicates count(byte[][] samples, int[] labels, int train) {
    SampleStore store = new SampleStore("t", samples.length, samples[0].length);
    for (int i = 0; i < samples.length; i++) {
      store.set(i, samples[i]);
    }
    return new DatasetBuilder("t", SampleShape.features(samples[0].length), true, store)
        .labels(labels)
        .trainCount(train)
        .build("t", DataRequest.evaluate("t"))
        .duplicates();
  }

  @Property
  void countsAgreeWithComparingEveryPair(
      @ForAll @Size(min = 1, max = 40) List<@IntRange(max = 9) Integer> content,
      @ForAll @Size(value = 40) List<@IntRange(max = 1) Integer> label,
      @ForAll @IntRange(max = 40) int trainCount) {
    int n = content.size();
    int train = Math.min(trainCount, n);
    byte[][] samples =
        content.stream().map(c -> new byte[] {1, (byte) (int) c, 2}).toArray(byte[][]::new);
    int[] labels = label.stream().limit(n).mapToInt(i -> i).toArray();
    int to = train > 0 ? train : n;
    int exact = 0;
    int conflicting = 0;
    int inTest = 0;
    for (int i = 0; i < to; i++) {
      boolean earlier = false;
      boolean other = false;
      for (int j = 0; j < to; j++) {
        boolean same = Arrays.equals(samples[i], samples[j]);
        earlier |= same && j < i;
        other |= same && labels[i] != labels[j];
      }
      exact += earlier ? 1 : 0;
      conflicting += other ? 1 : 0;
      boolean there = false;
      for (int j = train; j < n && train > 0; j++) {
        there |= Arrays.equals(samples[i], samples[j]);
      }
      inTest += there ? 1 : 0;
    }
    assertThat(count(samples, labels, train)).isEqualTo(new Duplicates(exact, conflicting, inTest));
  }
}
