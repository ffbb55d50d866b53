package io.gradsieve.train;

import io.gradsieve.RandomBits;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.sieve.ScoreTable;
import io.gradsieve.sieve.Share;
import io.gradsieve.sieve.policy.SievePolicy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * The filter of a run, once its policy has one, and what it predicts of the training samples. A
 * checkpoint keeps the filter, from which the same predictions follow.
 */
final class PredictedRanks {
  private static final String PURPOSE = "teach";

  private final TrainingSession session;
  private final TrainingConfig config;
  private final TrainingData data;
  private Optional<RankModel> filter = Optional.empty();
  private float[] ranks = {};

  /** None yet. */
  PredictedRanks(TrainingSession session) {
    this.session = session;
    config = session.config();
    data = session.data();
  }

  /** The filter, once it has learned. */
  Optional<RankModel> filter() {
    return filter;
  }

  /** The predicted rank of each training sample, [N]; empty while nothing has learned. */
  float[] ranks() {
    return ranks;
  }

  /**
   * Lets the filter learn, if the policy has one, an epoch it filters begins and there are scores.
   * Its teachers are a random part of the samples scored.
   *
   * @param epoch that begins
   * @param teacher lets it learn; there is one where the policy has a filter
   * @return false if asked to stop before the end; nothing has learned then
   */
  boolean learn(ScoreTable table, int epoch, Optional<RankTeacher> teacher) {
    SievePolicy policy = config.policy();
    boolean due =
        policy.learnsFrom() > 0
            && policy.filtering().filters(epoch, config.epochs())
            && epoch > 1
            && filter.isEmpty();
    if (!due) {
      return true;
    }
    int[] teachers =
        Arrays.stream(RandomBits.of(config.seed(), PURPOSE, 0).permutation(table.samples()))
            .filter(table::scored)
            .limit(Share.ceil(policy.learnsFrom(), table.samples()))
            .toArray();
    float[] all = table.scores(config.ranking());
    float[] scores = new float[teachers.length];
    int[] samples = new int[teachers.length];
    for (int i = 0; i < teachers.length; i++) {
      scores[i] = all[teachers[i]];
      samples[i] = data.train()[teachers[i]];
    }
    learn(teacher.orElseThrow(), samples, scores).map(session::own).ifPresent(this::use);
    if (session.stop().asked()) {
      filter = Optional.empty();
      ranks = new float[0];
    }
    return filter.isPresent();
  }

  /** Lets the first worker's learn, and the others take it over. */
  private Optional<RankModel> learn(RankTeacher teacher, int[] samples, float[] scores) {
    Workers workers = session.workers();
    boolean first = workers.share().rank() == 0;
    Optional<RankModel> own =
        workers.part(
            () ->
                first ? teacher.learn(data.dataset(), samples, scores, workers) : Optional.empty());
    if (workers.alone()) {
      return own;
    }
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    try {
      if (own.isPresent()) {
        own.get().write(written);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ByteBuffer learned = workers.gather(ByteBuffer.wrap(written.toByteArray())).get(0);
    if (first || !learned.hasRemaining()) {
      return own;
    }
    byte[] bytes = new byte[learned.remaining()];
    learned.get(bytes);
    return Optional.of(teacher.read(bytes));
  }

  /** Takes what has learned. */
  void use(RankModel learned) {
    filter = Optional.of(learned);
    ranks = learned.ranks(data.dataset(), data.train(), session.stop());
  }
}
