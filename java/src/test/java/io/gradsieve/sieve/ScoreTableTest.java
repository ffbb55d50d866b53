package io.gradsieve.sieve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScoreTableTest {
  private static ScoreTable random(int samples, long seed) {
    ScoreTable table = ScoreTable.forTraining(samples, true, seed);
    RandomBits bits = RandomBits.of(seed, "test", 0);
    for (int i = 1; i < samples; i++) {
      RandomBits row = bits.at(i);
      for (int epoch = 1; epoch <= row.below(9, 8); epoch++) {
        table.record(
            i,
            epoch,
            (float) row.uniform(0),
            (float) row.uniform(1),
            (float) row.uniform(2),
            (float) row.uniform(3),
            (float) row.uniform(4),
            (float) row.uniform(5),
            row.below(6, 1000));
      }
    }
    table.keep(plan(true, 0, 2, 3));
    return table;
  }

  private static EpochPlan plan(boolean filtered, int... order) {
    return new EpochPlan(order, new float[order.length], 1, new int[0], 1, filtered, false);
  }

  @ParameterizedTest
  @EnumSource(Score.class)
  void aTableForOneScoreTakesAtMostSixteenBytesASample(Score score) throws Exception {
    ScoreTable table = ScoreTable.forScore(1000, score, 1);
    assertThat(bytes(table)).isEqualTo(1000L * table.bytesPerSample());
    assertThat(table.bytesPerSample()).isLessThanOrEqualTo(16);
    assertThat(table.has(score)).isTrue();
  }

  @Test
  void aTrainingTableTakesAtMostFortyBytesASample() throws Exception {
    ScoreTable table = ScoreTable.forTraining(1000, true, 1);
    assertThat(bytes(table)).isEqualTo(1000L * table.bytesPerSample());
    assertThat(table.bytesPerSample()).isLessThanOrEqualTo(40);
    assertThat(ScoreTable.forTraining(10, false, 1).has(Score.GRAD_NORM)).isFalse();
  }

  /** Bytes in the table's primitive arrays. */
  private static long bytes(ScoreTable table) throws IllegalAccessException {
    long bytes = 0;
    for (Field field : ScoreTable.class.getDeclaredFields()) {
      if (field.getType().isArray()) {
        field.setAccessible(true);
        bytes += arrayBytes(field.get(table));
      }
    }
    return bytes;
  }

  private static long arrayBytes(Object array) {
    Class<?> element = array.getClass().getComponentType();
    int length = Array.getLength(array);
    if (element.isPrimitive()) {
      return (long) length * (element == byte.class ? 1 : 4);
    }
    long bytes = 0;
    for (int i = 0; i < length; i++) {
      bytes += arrayBytes(Array.get(array, i));
    }
    return bytes;
  }

  @Test
  void whatWasRecordedIsReadBack() {
    ScoreTable table = ScoreTable.forTraining(3, true, 1);
    table.record(1, 4, 0.5f, 0.25f, 0.75f, 1.5f, 7, 0.6f, 9);
    assertThat(table.value(Score.LOSS, 1)).isEqualTo(0.5f);
    assertThat(table.value(Score.EL2N, 1)).isEqualTo(0.75f);
    assertThat(table.value(Score.MARGIN, 1)).isEqualTo(1.5f);
    assertThat(table.value(Score.GRAD_NORM, 1)).isEqualTo(7);
    assertThat(table.confidence(1)).isEqualTo(0.6f);
    assertThat(table.predicted(1)).isEqualTo(9);
    assertThat(table.scoredEpoch(1)).isEqualTo(4);
    assertThat(table.scores(Score.LOSS)).containsExactly(Float.NaN, 0.5f, Float.NaN);
    assertThat(table.kept(1)).isTrue();
  }

  @Test
  void labelQualitySumsThePlainCrossEntropyOfTheFirstFiveEpochs() {
    ScoreTable table = ScoreTable.forTraining(1, true, 1);
    for (int epoch = 1; epoch <= 9; epoch++) {
      if (epoch != 3) {
        table.record(0, epoch, 0, epoch, 0, 0, 0, 0, 0);
      }
    }
    assertThat(table.qualitySum(0)).isEqualTo(1 + 2 + 4 + 5);
    assertThat(table.qualityCount(0)).isEqualTo(4);
    assertThat(table.kept(0)).isTrue();
  }

  @Test
  void aValueThatIsNotFiniteNamesTheSampleAndChangesNothing() {
    ScoreTable table = ScoreTable.forTraining(20, true, 1);
    assertThatThrownBy(() -> table.record(17, 2, 1, 1, 1, 1, Float.NaN, 1, 0))
        .isInstanceOf(GradsieveException.Diverged.class)
        .hasMessageContaining("grad_norm of training sample 17 is NaN in epoch 2");
    assertThatThrownBy(() -> table.record(4, 2, Float.POSITIVE_INFINITY, 1, 1, 1, 1, 1, 0))
        .hasMessageContaining("loss of training sample 4 is Infinity");
    assertThat(table.scored(17)).isFalse();
    ScoreTable losses = ScoreTable.forScore(20, Score.LOSS, 1);
    losses.record(17, 2, 1, 1, 1, 1, Float.NaN, 1, 0);
    assertThat(losses.value(Score.LOSS, 17)).isEqualTo(1);
  }

  @Test
  void aScoreTheTableWasNotOpenedForIsRefused() {
    ScoreTable table = ScoreTable.forScore(3, Score.LOSS, 1);
    assertThatThrownBy(() -> table.scores(Score.EL2N)).hasMessageContaining("el2n");
  }

  @Test
  void randomScoresAreDrawnAnewWhenASampleIsScored() {
    ScoreTable table = ScoreTable.forScore(100, Score.RANDOM, 3);
    table.record(5, 1, 0, 0, 0, 0, 0, 0, 0);
    float first = table.value(Score.RANDOM, 5);
    table.record(5, 2, 0, 0, 0, 0, 0, 0, 0);
    assertThat(table.value(Score.RANDOM, 5)).isNotEqualTo(first).isBetween(0f, 1f);
    assertThat(table.scores(Score.RANDOM)[5]).isEqualTo(table.value(Score.RANDOM, 5));
    assertThat(table.scores(Score.RANDOM)[6]).isNaN();
  }

  @Test
  void keptMeansTheLastFilteredEpochAndTimesKeptCountsAll() {
    ScoreTable table = ScoreTable.forScore(3, Score.LOSS, 1);
    table.keep(plan(false, 0, 1, 2));
    table.keep(plan(true, 2, 0));
    table.keep(plan(true, 2));
    table.keep(plan(false, 0, 1, 2));
    assertThat(new boolean[] {table.kept(0), table.kept(1), table.kept(2)})
        .containsExactly(false, false, true);
    assertThat(new int[] {table.timesKept(0), table.timesKept(1), table.timesKept(2)})
        .containsExactly(3, 2, 4);
  }

  @Test
  void aTableComesBackBitForBitAlsoInPieces() {
    ScoreTable table = random(101, 42);
    byte[] bytes = serialise(table);
    ByteBuffer source = ByteBuffer.wrap(bytes);
    ScoreTable back = ScoreTable.readHeader(source);
    back.readRows(0, 50, source);
    back.readRows(50, 101, source);
    assertThat(serialise(back)).isEqualTo(bytes);
    assertThat(back.columns()).isEqualTo(EnumSet.allOf(ScoreTable.Column.class));
    assertThat(back.scores(Score.RANDOM)).isEqualTo(table.scores(Score.RANDOM));
    assertThat(back.kept(1)).isFalse();
  }

  private static byte[] serialise(ScoreTable table) {
    ByteBuffer target =
        ByteBuffer.allocate(ScoreTable.HEADER_BYTES + table.samples() * table.bytesPerSample());
    table.writeHeader(target);
    table.writeRows(0, table.samples(), target);
    assertThat(target.hasRemaining()).isFalse();
    return target.array();
  }

  @Test
  void foreignBytesAreBadData() {
    byte[] bytes = serialise(random(4, 1));
    for (int i = 0; i < 8; i++) {
      byte[] flipped = bytes.clone();
      flipped[i] ^= 64;
      assertThatThrownBy(() -> ScoreTable.readHeader(ByteBuffer.wrap(flipped)))
          .isInstanceOf(GradsieveException.BadData.class);
    }
    assertThatThrownBy(() -> ScoreTable.readHeader(ByteBuffer.wrap(bytes, 0, 10)))
        .isInstanceOf(GradsieveException.BadData.class);
    ScoreTable table = ScoreTable.readHeader(ByteBuffer.wrap(bytes));
    assertThatThrownBy(() -> table.readRows(0, 4, ByteBuffer.allocate(60)))
        .isInstanceOf(GradsieveException.BadData.class);
  }
}
