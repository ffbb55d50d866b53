package io.gradsieve.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.config.TrainingConfig;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.ScoreTableCodec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several workers end as one does: same plans, same choices, weights alike on all. */
class WorkersTest {
  private static TrainingConfig config(String... more) {
    List<String> all = new ArrayList<>(List.of("data=digits", "threads=1", "epochs=3"));
    all.addAll(Arrays.asList(more));
    return TrainingConfig.of(all.toArray(String[]::new));
  }

  private static byte[] bytes(ScoreTable table) {
    ByteBuffer bytes =
        ByteBuffer.allocate(
            ScoreTableCodec.HEADER_BYTES + table.samples() * table.bytesPerSample());
    ScoreTableCodec.writeHeader(table, bytes);
    ScoreTableCodec.writeRows(table, 0, table.samples(), bytes);
    return bytes.array();
  }

  private static ScoreTable copy(byte[] bytes) {
    ByteBuffer from = ByteBuffer.wrap(bytes);
    ScoreTable table = ScoreTableCodec.readHeader(from);
    ScoreTableCodec.readRows(table, 0, table.samples(), from);
    return table;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sieve=none",
        "sieve=soft optimizer=lamb lr=0.01",
        "sieve=hard optimizer=lars lr=5",
        "sieve=hide:fraction=0.4,sure=0.3",
        "sieve=order score=loss:average=0.8",
        "sieve=window:relative=true score=el2n",
        "sieve=importance:balanced=true",
        "sieve=coverage score=margin:average=0.5",
        "sieve=random batch-size=50 micro-batch=7",
        "sieve=variance:relative=true,steps=fewer",
        "sieve=variance score=forgetting",
        "sieve=batch:keep=0.3 micro-batch=50 score=margin",
        "sieve=batch:keep=0.1,balanced=true,from=1 batch-size=9 micro-batch=4 lr=0.002",
        "sieve=learned:balanced=true,relative=true batch-size=100",
        "batch-size=auto lr=0.02 sieve=none",
        "label-smoothing=0.1 clip-norm=0.5 class-weights=balanced"
      })
  void workersHaveTheSameWeightsAndTheSameTable(String spec) throws Exception {
    TrainingConfig config = config(spec.split(" "));
    TrainingResult alone = Crew.train(1, config).get(0).result();
    for (int world : new int[] {2, 3}) {
      List<Crew.End> ends = Crew.train(world, config);
      Crew.End first = ends.get(0);
      for (Crew.End end : ends) {
        assertThat(end.weights()).isEqualTo(first.weights());
        assertThat(bytes(end.position().scores())).isEqualTo(bytes(first.position().scores()));
        assertThat(end.position().epochFigures().noise())
            .isEqualTo(first.position().epochFigures().noise());
        assertThat(end.result().test()).isEqualTo(first.result().test());
      }
      assertThat(first.result().trainLoss()).isCloseTo(alone.trainLoss(), within(0.1));
      assertThat(first.result().skipped()).isCloseTo(alone.skipped(), within(0.02));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "none",
        "soft",
        "hard",
        "hide:fraction=0.4,sure=0.3",
        "order",
        "window",
        "batch",
        "batch:balanced=true",
        "importance",
        "variance",
        "coverage",
        "random",
        "learned"
      })
  void ofOneScoreTableThePlanAndTheChosenSamplesAreThoseOfOneProcess(String sieve)
      throws Exception {
    byte[] table =
        bytes(Crew.train(1, config("sieve=none", "epochs=1")).get(0).position().scores());
    // a rate so small that the steps of both see the same weights
    TrainingConfig config =
        config("sieve=" + sieve, "epochs=2", "lr=1e-12", "weight-decay=0", "batch-size=60");
    Function<TrainingSession, Position> from =
        session -> {
          Position start = Position.start(session.config(), session.data());
          return new Position(
              1,
              0,
              0,
              0,
              start.plan(),
              start.growth(),
              start.epochFigures(),
              start.runFigures(),
              copy(table),
              start.filter());
        };
    TrainingConfig parts = config.with(io.gradsieve.config.Options.MICRO_BATCH, 20, "test");
    Crew.End one = Crew.train(1, parts, from, rank -> new StopRequest(), stop -> List.of()).get(0);
    for (Crew.End end : Crew.train(3, config, from, rank -> new StopRequest(), stop -> List.of())) {
      assertThat(end.position().plan().hash()).isEqualTo(one.position().plan().hash());
      ScoreTable theirs = end.position().scores();
      ScoreTable ours = one.position().scores();
      for (int row = 0; row < ours.samples(); row++) {
        assertThat(theirs.kept(row)).as("row %d", row).isEqualTo(ours.kept(row));
      }
    }
  }

  @Test
  void aStopOfOneWorkerEndsAllAfterTheSameStepAndAnyNumberGoesOn() throws Exception {
    TrainingConfig config = config("sieve=variance", "batch-size=50");
    for (int world : new int[] {2, 3}) {
      List<Crew.End> ends =
          Crew.train(
              world,
              config,
              session -> Position.start(session.config(), session.data()),
              rank -> new RankStop(rank == world - 1),
              stop -> List.of(((RankStop) stop).after(40)));
      Position stood = ends.get(0).position();
      assertThat(stood.step()).isPositive();
      for (Crew.End end : ends) {
        assertThat(end.result().signal()).isEqualTo(15);
        assertThat(end.position().step()).isEqualTo(stood.step());
        assertThat(end.position().done()).isEqualTo(stood.done());
        assertThat(end.weights()).isEqualTo(ends.get(0).weights());
        assertThat(bytes(end.position().scores())).isEqualTo(bytes(stood.scores()));
      }
    }
  }

  @Test
  void runningStatisticsOfWorkersAreTheirMean() throws Exception {
    TrainingConfig config = config("model=resnet20", "epochs=1", "sieve=none");
    List<Crew.End> ends = Crew.train(2, config);
    List<float[]> first = ends.get(0).running();
    List<float[]> second = ends.get(1).running();
    assertThat(first).isNotEmpty();
    for (int i = 0; i < first.size(); i++) {
      assertThat(first.get(i)).isEqualTo(second.get(i));
    }
    assertThat(ends.get(0).result().test()).isEqualTo(ends.get(1).result().test());
  }

  /** Is asked of one rank alone. */
  private static final class RankStop extends StopRequest {
    private final boolean asked;

    RankStop(boolean asked) {
      this.asked = asked;
    }

    TrainingListener after(int steps) {
      return new TrainingListener() {
        private int done;

        @Override
        public void stepFinished(StepValues step) {
          if (++done == steps && asked) {
            stop(15);
          }
        }
      };
    }
  }
}
