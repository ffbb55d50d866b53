package io.gradsieve.sieve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withPrecision;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ScoreTableTest {
  private static final Ranking PLAIN = Ranking.of(Score.GRAD_NORM);
  private static final Ranking AVERAGED = Ranking.parse("loss:average=0.8");

  private static ScoreTable random(int samples, long seed) {
    ScoreTable table =
        ScoreTable.forTraining(samples, true, AVERAGED, new EarlyEpochs(2, 10), seed);
    RandomBits bits = RandomBits.of(seed, "test", 0);
    for (int i = 1; i < samples; i++) {
      RandomBits row = bits.at(i);
      for (int epoch = 1; epoch <= row.below(9, 8); epoch++) {
        new Measured(
                (float) row.uniform(0),
                (float) row.uniform(1),
                (float) row.uniform(2),
                (float) row.uniform(3),
                (float) row.uniform(4),
                row.below(6, 1000),
                false)
            .in(table, i, epoch);
      }
    }
    table.keep(plan(true, 0, 2, 3));
    return table;
  }

  private static EpochPlan plan(boolean filtered, int... order) {
    return new EpochPlan(order, new float[order.length], 1, new int[0], 1, 1, filtered, false);
  }

  @ParameterizedTest
  @EnumSource(Score.class)
  void aTableForOneScoreTakesAtMostSixteenBytesASample(Score score) throws Exception {
    ScoreTable table = ScoreTable.forRanking(1000, Ranking.of(score), false, 1);
    assertThat(bytes(table)).isEqualTo(1000L * table.bytesPerSample());
    assertThat(table.bytesPerSample()).isLessThanOrEqualTo(16);
    assertThat(table.has(score)).isTrue();
  }

  @Test
  void aTrainingTableTakesAtMostFortyBytesASample() throws Exception {
    ScoreTable table = ScoreTable.forTraining(1000, true, PLAIN, new EarlyEpochs(2, 10), 1);
    assertThat(bytes(table)).isEqualTo(1000L * table.bytesPerSample());
    assertThat(table.bytesPerSample()).isLessThanOrEqualTo(40);
    assertThat(
            ScoreTable.forTraining(10, false, PLAIN, new EarlyEpochs(2, 10), 1)
                .has(Score.GRAD_NORM))
        .isFalse();
  }

  /** Bytes in the primitive arrays of the table, of its flags and counts. */
  private static long bytes(Object owner) throws IllegalAccessException {
    long bytes = 0;
    for (Field field : owner.getClass().getDeclaredFields()) {
      field.setAccessible(true);
      if (field.getType().isArray()) {
        bytes += arrayBytes(field.get(owner));
      } else if (field.getType() == SampleFlags.class || field.getType() == Forgetting.class) {
        bytes += bytes(field.get(owner));
      }
    }
    return bytes;
  }

  private static long arrayBytes(Object array) {
    Class<?> element = array.getClass().getComponentType();
    int length = Array.getLength(array);
    if (element.isPrimitive()) {
      int size = element == byte.class ? 1 : element == char.class ? 2 : 4;
      return (long) length * size;
    }
    long bytes = 0;
    for (int i = 0; i < length; i++) {
      bytes += arrayBytes(Array.get(array, i));
    }
    return bytes;
  }

  @Test
  void whatWasRecordedIsReadBack() {
    ScoreTable table = ScoreTable.forTraining(3, true, PLAIN, new EarlyEpochs(2, 10), 1);
    new Measured(0.5f, 0.25f, 0.75f, 1.5f, 7, 9, false).in(table, 1, 4);
    assertThat(table.value(Score.LOSS, 1)).isEqualTo(0.5f);
    assertThat(table.value(Score.EL2N, 1)).isEqualTo(0.75f);
    assertThat(table.value(Score.MARGIN, 1)).isEqualTo(1.5f);
    assertThat(table.value(Score.GRAD_NORM, 1)).isEqualTo(7);
    assertThat(table.confidence(1)).isEqualTo((float) Math.exp(-0.25));
    assertThat(table.predicted(1)).isEqualTo(9);
    assertThat(table.scoredEpoch(1)).isEqualTo(4);
    assertThat(table.scores(Ranking.of(Score.LOSS))).containsExactly(Float.NaN, 0.5f, Float.NaN);
    assertThat(table.kept(1)).isTrue();
  }

  @Test
  void aValueThatIsNotFiniteNamesTheSampleAndChangesNothing() {
    ScoreTable table = ScoreTable.forTraining(20, true, PLAIN, new EarlyEpochs(2, 10), 1);
    assertThatThrownBy(() -> new Measured(1, 1, 1, 1, Float.NaN, 0, false).in(table, 17, 2))
        .isInstanceOf(GradsieveException.Diverged.class)
        .hasMessageContaining("grad_norm of row 17 of the training part is NaN in epoch 2");
    assertThatThrownBy(
            () -> new Measured(Float.POSITIVE_INFINITY, 1, 1, 1, 1, 0, false).in(table, 4, 2))
        .hasMessageContaining("loss of row 4 of the training part is Infinity");
    assertThat(table.scored(17)).isFalse();
    ScoreTable losses = ScoreTable.forRanking(20, Ranking.of(Score.LOSS), false, 1);
    new Measured(1, 1, 1, 1, Float.NaN, 0, false).in(losses, 17, 2);
    assertThat(losses.value(Score.LOSS, 17)).isEqualTo(1);
  }

  @Test
  void aScoreTheTableWasNotOpenedForIsRefused() {
    ScoreTable table = ScoreTable.forRanking(3, Ranking.of(Score.LOSS), false, 1);
    assertThatThrownBy(() -> table.scores(Ranking.of(Score.EL2N))).hasMessageContaining("el2n");
  }

  @Test
  void randomScoresAreDrawnAnewWhenASampleIsScored() {
    ScoreTable table = ScoreTable.forRanking(100, Ranking.of(Score.RANDOM), false, 3);
    new Measured(0, 0, 0, 0, 0, 0, false).in(table, 5, 1);
    float first = table.value(Score.RANDOM, 5);
    new Measured(0, 0, 0, 0, 0, 0, false).in(table, 5, 2);
    assertThat(table.value(Score.RANDOM, 5)).isNotEqualTo(first).isBetween(0f, 1f);
    assertThat(table.scores(Ranking.of(Score.RANDOM))[5]).isEqualTo(table.value(Score.RANDOM, 5));
    assertThat(table.scores(Ranking.of(Score.RANDOM))[6]).isNaN();
  }

  @Test
  void keptMeansTheLastFilteredEpochAndTimesKeptCountsAll() {
    ScoreTable table = ScoreTable.forRanking(3, Ranking.of(Score.LOSS), false, 1);
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
    ScoreTable back = ScoreTableCodec.readHeader(source);
    ScoreTableCodec.readRows(back, 0, 50, source);
    ScoreTableCodec.readRows(back, 50, 101, source);
    assertThat(serialise(back)).isEqualTo(bytes);
    assertThat(back.fields()).isEqualTo(EnumSet.allOf(ScoreTable.Field.class));
    assertThat(back.scores(Ranking.of(Score.RANDOM)))
        .isEqualTo(table.scores(Ranking.of(Score.RANDOM)));
    assertThat(back.kept(1)).isFalse();
  }

  private static byte[] serialise(ScoreTable table) {
    ByteBuffer target =
        ByteBuffer.allocate(
            ScoreTableCodec.HEADER_BYTES + table.samples() * table.bytesPerSample());
    ScoreTableCodec.writeHeader(table, target);
    ScoreTableCodec.writeRows(table, 0, table.samples(), target);
    assertThat(target.hasRemaining()).isFalse();
    return target.array();
  }

  @Test
  void foreignBytesAreBadData() {
    byte[] bytes = serialise(random(4, 1));
    for (int i = 0; i < 8; i++) {
      byte[] flipped = bytes.clone();
      flipped[i] ^= 64;
      assertThatThrownBy(() -> ScoreTableCodec.readHeader(ByteBuffer.wrap(flipped)))
          .isInstanceOf(GradsieveException.BadData.class);
    }
    assertThatThrownBy(() -> ScoreTableCodec.readHeader(ByteBuffer.wrap(bytes, 0, 10)))
        .isInstanceOf(GradsieveException.BadData.class);
    ScoreTable table = ScoreTableCodec.readHeader(ByteBuffer.wrap(bytes));
    assertThatThrownBy(() -> ScoreTableCodec.readRows(table, 0, 4, ByteBuffer.allocate(60)))
        .isInstanceOf(GradsieveException.BadData.class);
  }

  @Test
  void forgettingCountsFallsFromRightToWrongAndNeverRightIsTheMost() {
    ScoreTable table = ScoreTable.forRanking(4, Ranking.of(Score.FORGETTING), false, 1);
    boolean[][] right = {
      {true, false, true, false, true}, {true, true, true, true, false}, {false, false, false}
    };
    for (int sample = 0; sample < 3; sample++) {
      for (int epoch = 0; epoch < right[sample].length; epoch++) {
        Measured.of(1, right[sample][epoch], 0.5f).in(table, sample, epoch + 1);
      }
    }
    assertThat(table.scores(Ranking.of(Score.FORGETTING))).containsExactly(2, 1, 3, Float.NaN);
    assertThat(table.right(0)).isTrue();
    assertThat(table.right(1)).isFalse();
  }

  @Test
  void anAverageMovesByItsShareAndBeginsWithTheFirstScore() {
    ScoreTable table = ScoreTable.forTraining(1, true, AVERAGED, new EarlyEpochs(2, 10), 1);
    Measured.of(2, true, 0.5f).in(table, 0, 1);
    assertThat(table.scores(AVERAGED)).containsExactly(2);
    Measured.of(7, true, 0.5f).in(table, 0, 2);
    assertThat(table.scores(AVERAGED)).containsExactly(3);
    assertThat(table.value(Score.LOSS, 0)).isEqualTo(7);
    assertThatThrownBy(() -> table.scores(Ranking.parse("loss:average=0.7")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void relativeScoresAreMultiplesOfTheStepsMeanWeightedByThePlan() {
    Ranking relative = PLAIN.relative(true);
    ScoreTable table = ScoreTable.forTraining(5, true, relative, new EarlyEpochs(2, 10), 1);
    float[] norms = {2, 6, 100};
    float[] weights = {3, 1, 0.25f};
    StepScores step = new Norms(norms, weights);
    table.record(1, new int[] {9, 9, 4, 0, 2}, 2, 3, step, true);
    float mean = (6 + 6 + 25) / 4.25f;
    assertThat(table.scores(relative))
        .containsExactly(
            new float[] {6 / mean, Float.NaN, 100 / mean, Float.NaN, 2 / mean},
            withPrecision(1e-5f));
    assertThat(table.value(Score.GRAD_NORM, 2)).isEqualTo(100);
    ScoreTable inParts = ScoreTable.forTraining(5, true, relative, new EarlyEpochs(2, 10), 1);
    inParts.record(1, new int[] {4, 0}, 0, 2, step, false);
    inParts.record(1, new int[] {2}, 0, 1, new Norms(new float[] {100}, new float[] {0.25f}), true);
    assertThat(inParts.scores(relative)).isEqualTo(table.scores(relative));
  }

  /** Norms and plan weights of a step, whatever else. */
  private record Norms(float[] norms, float[] weights) implements StepScores {
    private static final Measured REST = Measured.of(1, true, 1);

    @Override
    public float gradNorm(int i) {
      return norms[i];
    }

    @Override
    public float weight(int i) {
      return weights[i];
    }

    @Override
    public float loss(int i) {
      return REST.loss();
    }

    @Override
    public float crossEntropy(int i) {
      return REST.crossEntropy();
    }

    @Override
    public float el2n(int i) {
      return REST.el2n();
    }

    @Override
    public float margin(int i) {
      return REST.margin();
    }

    @Override
    public int predicted(int i) {
      return REST.predicted();
    }

    @Override
    public boolean right(int i) {
      return REST.right();
    }
  }

  @Test
  void whatWasLeftOutIsRelativeToTheMeanOverAll() {
    Ranking relative = PLAIN.relative(true);
    ScoreTable table = ScoreTable.forTraining(3, true, relative, new EarlyEpochs(2, 10), 1);
    for (int i = 0; i < 3; i++) {
      Measured.of(4, true, 1).in(table, i, 1);
    }
    table.recordLeftOut(2, new int[] {1}, Measured.of(1, true, 1));
    assertThat(table.scores(relative)).containsExactly(1, 1f / 3, 1);
  }

  @Test
  void aSampleThatIsTwiceInAnEpochIsKeptOnce() {
    ScoreTable table = ScoreTable.forRanking(3, PLAIN, false, 1);
    table.keep(plan(true, 2, 2, 0, 2));
    assertThat(table.timesKept(2)).isEqualTo(1);
    assertThat(table.kept(1)).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "los | unknown --score 'los': did you mean 'loss'",
        "loss:averag=0.5 | did you mean 'average'",
        "loss:average=1 | average must be a number in [0,1)",
        "loss:average=-0.1 | average must be a number in [0,1)",
        "loss:average=half | average must be a number in [0,1)",
        "loss:average | average must be a number in [0,1)",
        "loss: | unknown key of --score loss",
        "forgetting:average=0.5 | neither averaged nor relative"
      })
  void aRankingThatMakesNoSenseIsWrongUsage(String spec, String message) {
    assertThatThrownBy(() -> Ranking.parse(spec))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining(message);
  }

  @Test
  void aRankingIsWrittenAsItIsRead() {
    assertThat(Ranking.parse("el2n:average=0.80").spec()).isEqualTo("el2n:average=0.8");
    assertThat(Ranking.parse("el2n:average=0").spec()).isEqualTo("el2n");
    assertThat(Ranking.parse("el2n").plain()).isTrue();
  }
}
