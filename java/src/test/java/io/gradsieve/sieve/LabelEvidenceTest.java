package io.gradsieve.sieve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LabelEvidenceTest {
  private static final double CHANCE = Math.log(3);

  private static ScoreTable table(int samples, int epochs) {
    return ScoreTable.forTraining(
        samples, true, Ranking.of(Score.LOSS), new EarlyEpochs(3, epochs), 1);
  }

  /** Cross-entropy e in every epoch e; the losses are multiples of ln K. */
  private static float mean(int epochs, double... losses) {
    ScoreTable table = table(1, epochs);
    for (int epoch = 1; epoch <= epochs; epoch++) {
      Measured.ofLabel(epoch, false).in(table, 0, epoch);
      table.endEpoch(epoch, CHANCE * losses[Math.min(epoch, losses.length) - 1]);
    }
    return table.earlyCrossEntropy(0);
  }

  private static float meanOf(int first, int last) {
    return (first + last) / 2f;
  }

  @Test
  void earlyEpochsBeginWithTheFirstBelowTwoThirdsOfChance() {
    assertThat(mean(20, 1, 0.9, 0.7, 0.66, 0.3)).isEqualTo(meanOf(4, 8));
    assertThat(mean(3000, 0.5)).isEqualTo(meanOf(1, 5));
    assertThat(mean(20, 1, 0.9, 2.0 / 3, 0.3)).as("not at it").isEqualTo(meanOf(4, 8));
  }

  @Test
  void orWithTheFirstThatHasComeToRestBelowChance() {
    double[] resting = {1, 0.92, 0.9, 0.89, 0.88, 0.875, 0.878, 0.86, 0.5};
    assertThat(mean(20, resting)).as("7: above 0.95 of 2").isEqualTo(meanOf(7, 11));
    double[] atChance = {0.97, 0.97, 0.97, 0.96, 0.96, 0.96, 0.96, 0.96, 0.94, 0.5};
    assertThat(mean(20, atChance)).as("9: below 0.95").isEqualTo(meanOf(9, 13));
  }

  @Test
  void aRunThatDoesNeitherHasItsLastFiveAndOneThatEndsSoonerThoseItHad() {
    assertThat(mean(20, 1)).isEqualTo(meanOf(16, 20));
    assertThat(mean(3, 1)).isEqualTo(meanOf(1, 3));
    assertThat(mean(10, 1, 1, 1, 1, 1, 1, 1, 1, 0.5)).isEqualTo(meanOf(9, 10));
    assertThat(mean(10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0.5)).isEqualTo(10);
    assertThat(mean(1, 1)).isEqualTo(1);
  }

  @Test
  void aSampleNotSeenInThemHasItsNearestRecordAndOfTwoTheEarlier() {
    assertThat(seen(2, 14)).as("3 before, 5 after").isEqualTo(2);
    assertThat(seen(1, 12)).as("4 before, 3 after").isEqualTo(12);
    assertThat(seen(2, 12)).as("3 before, 3 after").isEqualTo(2);
    assertThat(seen(1, 2)).isEqualTo(2);
    assertThat(seen(14, 15)).isEqualTo(14);
    assertThat(seen(3, 7, 9, 11)).isEqualTo(8);
    assertThat(seen()).isNaN();
  }

  /** Recorded in these epochs only, cross-entropy e in epoch e; the early ones are 5 to 9. */
  private static float seen(int... epochs) {
    ScoreTable table = table(1, 20);
    int next = 0;
    for (int epoch = 1; epoch <= 20; epoch++) {
      if (next < epochs.length && epochs[next] == epoch) {
        Measured.ofLabel(epoch, false).in(table, 0, epoch);
        next++;
      }
      table.endEpoch(epoch, epoch < 5 ? CHANCE : 0.1);
    }
    return table.earlyCrossEntropy(0);
  }

  @Test
  void aDrawWithReplacementCountsOnceAnEpochAndRightIsWhatTheLastEarlyRecordSays() {
    ScoreTable table = table(1, 20);
    table.endEpoch(1, 0.1);
    for (int epoch = 1; epoch <= 8; epoch++) {
      Measured.ofLabel(100, epoch != 5).in(table, 0, epoch);
      Measured.ofLabel(epoch, epoch == 5).in(table, 0, epoch);
    }
    assertThat(table.earlyCrossEntropy(0)).isEqualTo(meanOf(1, 5));
    assertThat(table.earlyRight(0)).isTrue();
    assertThat(table.right(0)).isFalse();
  }

  /** The contract's words, with all records at hand. */
  private static double reference(List<Integer> recorded, double[] losses) {
    int epochs = losses.length;
    int first = 0;
    for (int e = 1; e <= epochs && first == 0; e++) {
      double loss = losses[e - 1];
      boolean resting = loss < 0.95 * CHANCE && e > 5 && loss > 0.95 * losses[e - 6];
      first = loss < CHANCE * 2 / 3 || resting ? e : 0;
    }
    int begin = first > 0 ? first : Math.max(1, epochs - 4);
    int end = Math.min(begin + 4, epochs);
    double sum = 0;
    int count = 0;
    int nearest = 0;
    int distance = Integer.MAX_VALUE;
    for (int e : recorded) {
      if (e >= begin && e <= end) {
        sum += value(e);
        count++;
      }
      int away = Math.max(begin - e, e - end);
      if (away < distance) {
        distance = away;
        nearest = e;
      }
    }
    return count > 0 ? sum / count : nearest > 0 ? value(nearest) : Double.NaN;
  }

  private static float value(int epoch) {
    return 1f / (epoch + 3);
  }

  @Test
  void anyRunSaysWhatTheContractSaysAlsoAfterACheckpointInAnyEpoch() {
    RandomBits random = RandomBits.of(TestSeed.of(20261128), "evidence", 0);
    for (int run = 0; run < 300; run++) {
      RandomBits draws = random.at(run);
      int epochs = 1 + draws.below(0, 25);
      int samples = 20;
      ScoreTable table = table(samples, epochs);
      List<List<Integer>> recorded = new ArrayList<>();
      for (int i = 0; i < samples; i++) {
        recorded.add(new ArrayList<>());
      }
      double[] losses = new double[epochs];
      double fall = 1 - 0.1 * draws.uniform(1);
      for (int epoch = 1; epoch <= epochs; epoch++) {
        for (int i = 0; i < samples; i++) {
          if (draws.at(i).uniform(epoch) < 0.04 * i) {
            Measured.ofLabel(value(epoch), false).in(table, i, epoch);
            recorded.get(i).add(epoch);
          }
        }
        double noise = 0.97 + 0.06 * draws.at(99).uniform(epoch);
        losses[epoch - 1] = CHANCE * Math.pow(fall, epoch) * noise;
        table.endEpoch(epoch, losses[epoch - 1]);
        table = copy(table);
      }
      for (int i = 0; i < samples; i++) {
        double expected = reference(recorded.get(i), losses);
        if (Double.isNaN(expected)) {
          assertThat(table.earlyCrossEntropy(i)).isNaN();
        } else {
          // five additions of floats below 1
          assertThat((double) table.earlyCrossEntropy(i))
              .as("run %d, sample %d, recorded in %s of %d", run, i, recorded.get(i), epochs)
              .isCloseTo(expected, within(1e-6));
        }
      }
    }
  }

  private static ScoreTable copy(ScoreTable table) {
    int bytes = ScoreTableCodec.HEADER_BYTES + table.samples() * table.bytesPerSample();
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    ScoreTableCodec.writeHeader(table, buffer);
    ScoreTableCodec.writeRows(table, 0, table.samples(), buffer);
    ScoreTable copy = ScoreTableCodec.readHeader(buffer.flip());
    ScoreTableCodec.readRows(copy, 0, table.samples(), buffer);
    return copy;
  }
}
