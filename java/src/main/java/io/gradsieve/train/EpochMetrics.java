package io.gradsieve.train;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One line of {@code metrics.jsonl}.
 *
 * @param trainLoss mean of ℓ_i weighted by the plan, which estimates the full data's
 * @param validation empty without that part or where the epoch was not evaluated
 * @param test the same
 * @param recalibratedAccuracy on the test part after one recalibrating pass; only with batch norm
 *     and a biased plan
 * @param samplesSeen candidates of the epoch
 * @param samplesKept those backpropagated
 * @param forwardOnly those only scored
 * @param samplesPerSecond samplesKept over the training seconds
 * @param seconds of the whole epoch
 * @param etaSeconds until the end of the run
 * @param learningRate of the last step, before lrScale
 * @param noiseScale in samples; empty if it is not positive
 */
public record EpochMetrics(
    int epoch,
    double trainLoss,
    double trainAccuracy,
    Optional<Evaluation> validation,
    Optional<Evaluation> test,
    Optional<Double> recalibratedAccuracy,
    long samplesSeen,
    long samplesKept,
    long forwardOnly,
    double samplesPerSecond,
    double seconds,
    double etaSeconds,
    double learningRate,
    double lrScale,
    int batchSize,
    OptionalDouble noiseScale) {

  /**
   * Of the epoch that was just trained.
   *
   * @param candidates samples it could have taken
   * @param seconds of the whole of it
   * @param batchSize its steps were cut for
   */
  static EpochMetrics of(
      TrainingState state, Evaluations last, int candidates, double seconds, int batchSize) {
    EpochTotals totals = state.epochTotals;
    return new EpochMetrics(
        state.epoch,
        totals.meanLoss(),
        totals.accuracy(),
        last.validation(),
        last.test(),
        last.recalibrated(),
        candidates,
        totals.kept,
        totals.forwardOnly,
        totals.seconds > 0 ? totals.kept / totals.seconds : 0,
        seconds,
        RemainingTime.seconds(state),
        totals.learningRate,
        state.plan.lrScale(),
        batchSize,
        totals.noise.value());
  }

  /** In the order and under the names of the file. */
  public Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("epoch", epoch);
    fields.put("train_loss", trainLoss);
    fields.put("train_accuracy", trainAccuracy);
    put(fields, "validation", validation);
    put(fields, "test", test);
    fields.put("test_accuracy_recalibrated", recalibratedAccuracy.orElse(null));
    fields.put("samples_seen", samplesSeen);
    fields.put("samples_kept", samplesKept);
    fields.put("kept_fraction", keptFraction());
    fields.put("forward_only", forwardOnly);
    fields.put("samples_per_second", samplesPerSecond);
    fields.put("seconds", seconds);
    fields.put("eta_seconds", etaSeconds);
    fields.put("learning_rate", learningRate);
    fields.put("lr_scale", lrScale);
    fields.put("batch_size", batchSize);
    fields.put("noise_scale", noiseScale.isPresent() ? noiseScale.getAsDouble() : null);
    return fields;
  }

  private static void put(Map<String, Object> fields, String part, Optional<Evaluation> figures) {
    fields.put(part + "_loss", figures.map(Evaluation::loss).orElse(null));
    fields.put(part + "_accuracy", figures.map(Evaluation::accuracy).orElse(null));
  }

  /** samplesKept over samplesSeen. */
  public double keptFraction() {
    return samplesSeen == 0 ? 1 : (double) samplesKept / samplesSeen;
  }
}
