package io.gradsieve.api;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.config.PruningPolicyName;
import io.gradsieve.scoring.Pruning;
import io.gradsieve.scoring.SuspectedSamples;
import io.gradsieve.sieve.LabelVerdicts;
import io.gradsieve.sieve.SampleNames;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreColumns;
import io.gradsieve.sieve.ScoreRows;
import io.gradsieve.sieve.ScoreTable;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What is known of samples, a row each: their scores, how far their labels can be trusted, what the
 * sieve kept. Rows of a training are its training samples in their order. Not to be read while a
 * training goes on that fills it.
 */
public final class Scores {
  private static final long SEED = 1;
  private static final List<String> POLICIES =
      Arrays.stream(PruningPolicyName.values()).map(PruningPolicyName::key).toList();

  private final ScoreTable table;
  private final SampleNames names;
  private final int[] classes;
  private final LabelVerdicts verdicts;

  private Scores(ScoreTable table, SampleNames names, int[] classes, LabelVerdicts verdicts) {
    this.table = table;
    this.names = names;
    this.classes = classes;
    this.verdicts = verdicts;
  }

  static Scores of(ScoreTable table, SampleNames names, int[] classes) {
    LabelVerdicts verdicts = new ScoreRows(ScoreColumns.ofTraining(), table, names).verdicts();
    return new Scores(table, names, classes, verdicts);
  }

  /** N, samples. */
  public int size() {
    return table.samples();
  }

  /** The sample's name: its id, else its index. */
  public String id(int sample) {
    return names.id(sample);
  }

  /** Position in the array or file it came from. */
  public long index(int sample) {
    return names.index(sample);
  }

  /** Name of the class it was given. */
  public String label(int sample) {
    return names.label(sample);
  }

  /** Name of the class the network predicted when it was last scored. */
  public String predicted(int sample) {
    return names.className(table.predicted(sample));
  }

  /** Probability of the given label when last scored; NaN where it never was. */
  public float confidence(int sample) {
    return table.scored(sample) ? table.confidence(sample) : Float.NaN;
  }

  /**
   * The last measured score; NaN where there is none.
   *
   * @throws IllegalArgumentException for a score that was not recorded, such as a norm with {@code
   *     norms=off}
   */
  public float value(Score score, int sample) {
    if (!table.has(score)) {
      throw new IllegalArgumentException(score.key() + " was not recorded");
    }
    return table.scored(sample) ? table.value(score, sample) : Float.NaN;
  }

  /** All of them, [N]. */
  public float[] values(Score score) {
    float[] values = new float[size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = value(score, i);
    }
    return values;
  }

  /**
   * How far the label is trusted, in [0, 1], low is suspicious; NaN where nothing is known. It is
   * the geometric mean of the probability that the network gave the label early in its training, or
   * while it had not seen the sample.
   */
  public double labelQuality(int sample) {
    return verdicts.at(sample);
  }

  /** Whether the last epoch that filtered kept the sample; true if none did. */
  public boolean kept(int sample) {
    return table.kept(sample);
  }

  /** Epochs that trained on the sample. */
  public int timesKept(int sample) {
    return table.timesKept(sample);
  }

  /** Samples whose label is probably wrong, the least trusted first. */
  public List<Suspect> suspects() {
    SuspectedSamples suspected = new SuspectedSamples(table, verdicts);
    return Arrays.stream(suspected.rows())
        .mapToObj(i -> new Suspect(i, id(i), label(i), predicted(i), suspected.trust(i)))
        .toList();
  }

  /**
   * The rows of a part that teaches more than a random one of its size: suspected labels are left
   * out, and of the rest samples of every hardness are kept.
   *
   * @param share of the samples, in (0, 1]
   */
  public int[] keep(double share) {
    return keep("trusted", share);
  }

  /**
   * The rows that a pruning policy keeps.
   *
   * @param policy {@code trusted}, {@code top}, {@code coverage} or {@code random}
   * @param share of the samples, in (0, 1]
   * @throws Usage on another name, or if what it ranks by was not recorded
   */
  public int[] keep(String policy, double share) {
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException("share must lie in (0,1], is " + share);
    }
    PruningPolicyName name =
        Arrays.stream(PruningPolicyName.values())
            .filter(known -> known.key().equals(policy))
            .findFirst()
            .orElseThrow(() -> Usage.unknown("pruning policy", policy, POLICIES));
    boolean[] kept = Pruning.choose(table, verdicts, new int[size()], name, share, SEED);
    return IntStream.range(0, size()).filter(i -> kept[i]).toArray();
  }

  /** Class index of each sample, [N]. */
  public int[] classes() {
    return classes.clone();
  }
}
