package io.gradsieve.bench;

import io.gradsieve.RandomBits;
import io.gradsieve.sieve.EarlyEpochs;
import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.Ranking;
import io.gradsieve.sieve.SampleNames;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.ScoreRows;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.StepScores;
import io.gradsieve.sieve.policy.Policies;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * What the sieve itself costs for ten million samples: planning an epoch under each policy, and the
 * rows of a scores file, both from a table of one score; {@code hide} has that of a training, and
 * {@code learned} ranks, whose prediction is not planning. Milliseconds; scores are heavy-tailed,
 * as norms are. Give {@code rows} a small heap, {@code -jvmArgsAppend -Xmx200m}: it streams.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 1)
@Measurement(iterations = 5)
@Fork(1)
public class SieveBenchmark {
  private static final int EPOCH = 3;
  private static final int EPOCHS = 10;
  private static final int BATCH = 1024;
  private static final int STEP = 1000;
  private static final Ranking RANKING = Ranking.of(Score.LOSS);

  @Param("10000000")
  public int samples;

  /** What is planned, and from what. */
  @State(Scope.Benchmark)
  public static class Plan {
    @Param({
      "variance",
      "variance:keep=0.25,from=1,unscored=mean,floor=0.05",
      "soft",
      "hard",
      "hide",
      "order",
      "window",
      "batch",
      "importance",
      "coverage",
      "random",
      "learned"
    })
    public String policy = "";

    private ScoreTable table;
    private float[] ranks = {};

    @Setup
    public void open(SieveBenchmark benchmark) {
      int samples = benchmark.samples;
      table =
          scored(
              policy.equals("hide")
                  ? ScoreTable.forTraining(samples, true, RANKING, new EarlyEpochs(2, 10), 1)
                  : ScoreTable.forRanking(samples, RANKING, false, 1));
      if (policy.equals("learned")) {
        ranks = table.scores(RANKING);
      }
    }
  }

  /** What rows are made of. */
  @State(Scope.Benchmark)
  public static class Scored {
    private ScoreTable table;

    @Setup
    public void open(SieveBenchmark benchmark) {
      table = scored(ScoreTable.forRanking(benchmark.samples, RANKING, false, 1));
    }
  }

  private static ScoreTable scored(ScoreTable table) {
    int[] order = new int[STEP];
    for (int from = 0; from + STEP <= table.samples(); from += STEP) {
      for (int i = 0; i < STEP; i++) {
        order[i] = from + i;
      }
      table.record(EPOCH - 1, order, 0, STEP, new HeavyTailed(from), true);
    }
    return table;
  }

  @Benchmark
  public EpochPlan plan(Plan plan) {
    EpochContext context =
        new EpochContext(samples, BATCH, EPOCH, EPOCHS, 1, RANKING, new int[0], plan.ranks);
    return Policies.parse(plan.policy).plan(plan.table, context);
  }

  @Benchmark
  public void rows(Scored scored, Blackhole out) {
    ScoreRows rows = new ScoreRows(ScoreColumns.ofTraining(), scored.table, new Numbered());
    for (int i = 0; i < samples; i++) {
      out.consume(rows.row(i));
    }
  }

  /** Scores of the samples from a position on. */
  private record HeavyTailed(int from) implements StepScores {
    private static final RandomBits DRAWS = RandomBits.of(1, "benchmark scores", 0);

    @Override
    public float loss(int i) {
      return (float) Math.exp(12 * DRAWS.uniform(from + i) - 10);
    }

    @Override
    public float crossEntropy(int i) {
      return loss(i);
    }

    @Override
    public float el2n(int i) {
      return loss(i);
    }

    @Override
    public float margin(int i) {
      return loss(i);
    }

    @Override
    public float gradNorm(int i) {
      return loss(i);
    }

    @Override
    public int predicted(int i) {
      return 0;
    }

    @Override
    public boolean right(int i) {
      return Math.exp(-loss(i)) > 0.5;
    }

    @Override
    public float weight(int i) {
      return 1;
    }
  }

  /** Samples without names, of one class. */
  private static final class Numbered implements SampleNames {
    @Override
    public String id(int sample) {
      return Integer.toString(sample);
    }

    @Override
    public long index(int sample) {
      return sample;
    }

    @Override
    public String label(int sample) {
      return "0";
    }

    @Override
    public String className(int k) {
      return Integer.toString(k);
    }

    @Override
    public String split(int sample) {
      return "train";
    }

    @Override
    public String content(int sample) {
      return "00112233445566778899aabbccddeeff";
    }
  }
}
