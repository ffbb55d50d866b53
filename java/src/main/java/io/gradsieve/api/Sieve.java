package io.gradsieve.api;

import io.gradsieve.GradsieveException;
import io.gradsieve.sieve.EpochContext;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.Ranking;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.Share;
import io.gradsieve.sieve.policy.Policies;
import io.gradsieve.sieve.policy.SievePolicy;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Chooses what each epoch of a training loop trains on, whoever's loop it is:
 *
 * <pre>{@code
 * Sieve sieve = Sieve.of("variance:keep=0.5", samples);
 * for (int epoch = 1; epoch <= epochs; epoch++) {
 *   EpochPlan plan = sieve.plan(epoch);       // order, weights and mean weight, cut into steps
 *   ...                                       // for each step: train on its samples, then
 *   sieve.record(samplesOfTheStep, scores);   // what was measured of them
 * }
 * }</pre>
 *
 * <p>A step's gradient is Σ w_i ∂ℓ_i / (b·w̄) over its b samples: the plan's weights in the terms,
 * its {@link EpochPlan#meanWeight} below. Scores are whatever larger means worth keeping: a
 * sample's gradient norm (best), its loss, or another; finite and not negative. A sample without a
 * score yet is kept. The same seed, plans and scores give the same plans. Not for several threads
 * at once.
 */
public final class Sieve {
  /** Scores of any kind lie where losses do. */
  private static final Score FIELD = Score.LOSS;

  private final SievePolicy policy;
  private final Loop loop;
  private final int samples;
  private final Ranking ranking;
  private final ScoreTable table;
  private final float[] weights;
  private EpochPlan plan = EpochPlan.NONE;
  private int epoch;

  private Sieve(SievePolicy policy, int samples, Loop loop) {
    this.policy = policy;
    this.loop = loop;
    this.samples = samples;
    ranking = Ranking.of(FIELD).relative(policy.filtering().relative());
    table = ScoreTable.forRanking(samples, ranking, loop.judging(), loop.seed());
    weights = new float[samples];
    Arrays.fill(weights, 1);
  }

  /**
   * For a loop that records scores and nothing else.
   *
   * @param policy {@code NAME[:key=value,…]}, as in docs/policies
   * @param samples N, of the training data; they are named 0 to N − 1
   * @throws GradsieveException.Usage on an unknown name, key or value, and for a policy that needs
   *     more of a loop, saying what
   */
  public static Sieve of(String policy, int samples) {
    return of(policy, samples, Loop.standard());
  }

  /**
   * For a loop that tells more of itself.
   *
   * @throws GradsieveException.Usage as {@link #of(String, int)}
   */
  public static Sieve of(String policy, int samples, Loop loop) {
    return Words.ofCode(
        () -> {
          SievePolicy parsed = Policies.parse(policy);
          check(parsed, samples, loop);
          return new Sieve(parsed, samples, loop);
        });
  }

  private static void check(SievePolicy policy, int samples, Loop loop) {
    if (samples < 1) {
      throw new IllegalArgumentException("there must be samples, are " + samples);
    }
    if (loop.classes().filter(classes -> classes.length != samples).isPresent()) {
      throw new IllegalArgumentException(
          "%d classes for %d samples".formatted(loop.classes().get().length, samples));
    }
    if (policy.learnsFrom() > 0) {
      throw lacks(policy, "trains a network on the samples' inputs, which only Training has");
    }
    if (policy.needsEpochs() && loop.epochs().isEmpty()) {
      throw lacks(policy, "goes by shares of the whole run: give Loop.epochs");
    }
    if (policy.filtering().balanced() && loop.classes().isEmpty()) {
      throw lacks(policy, "keeps the same share of every class: give Loop.classes");
    }
    if (policy.rescores() && !loop.judging()) {
      throw lacks(
          policy,
          "looks at which predictions are right and sure, of the samples it left out too: record both, and say so by Loop.judges");
    }
    if (policy.choosesInStep() && !loop.choosing()) {
      throw lacks(
          policy,
          "chooses in each step by fresh scores: go backward with Sieve.choose, and say so by Loop.chooses");
    }
    if (policy.choosesInStep() && policy.filtering().balanced()) {
      throw lacks(policy, "balances its choice over whole epochs, which only Training does");
    }
  }

  private static GradsieveException.Usage lacks(SievePolicy policy, String what) {
    return new GradsieveException.Usage("sieve %s %s".formatted(policy.name(), what));
  }

  /**
   * What an epoch trains on; once an epoch.
   *
   * @param number the epoch, from 1, not below the last one
   */
  public EpochPlan plan(int number) {
    if (number < Math.max(1, epoch) || number > loop.epochs().orElse(ScoreTable.MOST_EPOCHS)) {
      throw new IllegalArgumentException(
          "epoch %d after %d of %s".formatted(number, epoch, loop.epochs()));
    }
    int batch = Math.min(loop.batchSize(), samples);
    EpochContext context =
        new EpochContext(
            samples,
            batch,
            number,
            loop.epochs().orElse(number),
            loop.seed(),
            ranking,
            loop.classes().orElseGet(() -> new int[0]),
            new float[0]);
    plan = policy.plan(table, context);
    table.keep(plan);
    epoch = number;
    Arrays.fill(weights, 1);
    for (int i = 0; i < plan.kept(); i++) {
      weights[plan.order()[i]] = plan.weights()[i];
    }
    return plan;
  }

  /**
   * What a step, or a part of it, measured of its samples.
   *
   * @param ids the samples, [b]
   * @param scores of each, finite and not negative, [b]
   * @throws GradsieveException.Diverged if one is not finite
   */
  public void record(int[] ids, float[] scores) {
    if (policy.rescores()) {
      throw new IllegalStateException(
          "sieve %s needs to know which predictions are right and sure: record them too"
              .formatted(policy.name()));
    }
    record(ids, scores, new boolean[ids.length], new float[ids.length]);
  }

  /**
   * The same, with what the network said of them.
   *
   * @param right whether the prediction was the given label, [b]
   * @param confidence probability of the given label, [b]
   */
  public void record(int[] ids, float[] scores, boolean[] right, float[] confidence) {
    if (epoch == 0) {
      throw new IllegalStateException("no epoch is planned yet: call plan first");
    }
    if (scores.length != ids.length
        || right.length != ids.length
        || confidence.length != ids.length) {
      throw new IllegalArgumentException(
          "%d samples, %d scores, %d judgements, %d probabilities"
              .formatted(ids.length, scores.length, right.length, confidence.length));
    }
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= samples) {
        throw new IllegalArgumentException(
            "sample %d: there are 0 to %d".formatted(ids[i], samples - 1));
      }
      if (!Float.isFinite(scores[i])) {
        throw new GradsieveException.Diverged(
            "the score of sample %d is %s in epoch %d".formatted(ids[i], scores[i], epoch));
      }
      if (scores[i] < 0) {
        throw new IllegalArgumentException(
            "the score of sample %d is %s: scores are not negative".formatted(ids[i], scores[i]));
      }
    }
    table.record(
        epoch, ids, 0, ids.length, new LoopScores(ids, scores, right, confidence, weights), true);
  }

  /**
   * Of a step, once its fresh scores are known: the rows that go backward, ascending. All, unless
   * the policy chooses in steps and filters this epoch.
   *
   * @param scores of the step's samples, [b]
   */
  public int[] choose(float[] scores) {
    int count = Math.max(1, Share.ceil(plan.backwardShare(), scores.length));
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(Comparator.<Integer>comparingDouble(i -> -scores[i]).thenComparing(i -> i))
        .limit(count)
        .mapToInt(Integer::intValue)
        .sorted()
        .toArray();
  }

  /**
   * What the epoch left out and the policy wants scored by a forward pass when it is over, to be
   * recorded as a step's samples are; for most policies none.
   */
  public int[] leftOut() {
    if (!policy.rescores() || !plan.filtered()) {
      return new int[0];
    }
    return IntStream.range(0, samples).filter(i -> !table.kept(i)).toArray();
  }

  /** The last score of each sample, NaN where it has none, [N]. */
  public float[] scores() {
    return table.scores(ranking);
  }
}
