package io.gradsieve.sieve.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.Measured;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.ScoreTableCodec;
import java.nio.ByteBuffer;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class HardTest {
  @Test
  void theTopFractionIsKeptWithWeightOne() {
    ScoreTable table = Tables.ofLosses(5, 1, 4, 2, 3);
    EpochPlan plan = Policies.parse("hard:keep=0.6").plan(table, Tables.context(table, 2, 1));
    assertThat(plan.order()).containsExactlyInAnyOrder(0, 2, 4);
    assertThat(plan.weights()).containsOnly(1f);
    assertThat(plan.meanWeight()).isEqualTo(1);
    assertThat(plan.batchSizes()).containsExactly(1, 1, 1);
  }

  @Test
  void ofEqualScoresThoseWithTheLowerIndexAreKept() {
    ScoreTable table = Tables.ofLosses(1, 2, 2, 2, 3);
    EpochPlan plan = Policies.parse("hard:keep=0.6").plan(table, Tables.context(table, 2, 1));
    assertThat(plan.order()).containsExactlyInAnyOrder(1, 2, 4);
  }

  @Test
  void aRemovedSampleStaysRemovedWhateverItsScoreBecomesAlsoAfterRestoring() {
    ScoreTable table = Tables.ofLosses(5, 1, 4, 2, 3);
    SievePolicy hard = Policies.parse("hard:keep=0.4");
    table.keep(hard.plan(table, Tables.epoch(table, 2, 1, 2)));
    new Measured(99, 0, 0, 0, 0, 0, false).in(table, 1, 2);
    ByteBuffer bytes =
        ByteBuffer.allocate(ScoreTableCodec.HEADER_BYTES + 5 * table.bytesPerSample());
    ScoreTableCodec.writeHeader(table, bytes);
    ScoreTableCodec.writeRows(table, 0, 5, bytes);
    bytes.flip();
    ScoreTable restored = ScoreTableCodec.readHeader(bytes);
    ScoreTableCodec.readRows(restored, 0, 5, bytes);
    assertThat(hard.plan(restored, Tables.epoch(table, 2, 1, 3)).order())
        .containsExactlyInAnyOrder(0, 2);
    assertThat(hard.plan(table, Tables.epoch(table, 2, 1, 10)).order())
        .containsExactlyInAnyOrder(0, 2);
  }

  @Test
  void unscoredSamplesComeFirst() {
    ScoreTable table = Tables.ofLosses(5, Float.NaN, 4, Float.NaN, 3);
    EpochPlan plan = Policies.parse("hard:keep=0.6").plan(table, Tables.context(table, 2, 1));
    assertThat(plan.order()).containsExactlyInAnyOrder(0, 1, 3);
    plan = Policies.parse("hard:keep=0.2").plan(table, Tables.context(table, 2, 1));
    assertThat(plan.order()).containsExactlyInAnyOrder(1, 3);
  }

  @Property(tries = 300)
  void theThresholdIsThatOfASort(
      @ForAll @IntRange(min = 1, max = 200) int size,
      @ForAll @IntRange(min = 1, max = 200) int wanted,
      @ForAll @LongRange(min = 0, max = 100_000) long seed) {
    int count = Math.min(size, wanted);
    RandomBits random = RandomBits.of(seed, "values", 0);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      int bits = (int) random.bits(i);
      float value = seed % 2 == 0 ? Float.intBitsToFloat(bits) : bits % 5;
      values[i] = Float.isNaN(value) ? -0f : value;
    }
    float[] sorted = values.clone();
    Arrays.sort(sorted);
    float expected = sorted[size - count];
    int larger = 0;
    for (float value : values) {
      larger += value > expected ? 1 : 0;
    }
    TopThreshold threshold = TopThreshold.of(values, size, count);
    assertThat(threshold.value() == expected).isTrue();
    assertThat(threshold.ties()).isEqualTo(count - larger);
  }
}
