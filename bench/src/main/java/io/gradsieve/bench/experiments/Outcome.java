package io.gradsieve.bench.experiments;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.train.EpochMetrics;
import io.gradsieve.train.Evaluation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;

/**
 * What a training came to, as its JSON file has it.
 *
 * @param fullEpochs of the run that it is a share of
 * @param fullSamples samples that the full run backpropagates
 * @param share samples backpropagated, as a share of those
 * @param forwardOnly samples that were only scored, likewise
 * @param validation accuracy after the last epoch, on the part set aside
 * @param test the same on the test part; −1 in experiments that choose
 * @param noiseScales of each epoch, in samples; −1 where there was none
 * @param figures what the experiment's probe measured, by name
 */
record Outcome(
    String group,
    int seed,
    int fullEpochs,
    List<String> options,
    String date,
    long fullSamples,
    double share,
    double forwardOnly,
    double validation,
    double test,
    List<Double> noiseScales,
    Map<String, Double> figures) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final double NONE = -1;

  /** Of {@code --batch-size auto}; larger ones cost no less. */
  private static final int FIRST_BATCH = 128;

  static Outcome of(
      Experiment experiment, List<EpochMetrics> epochs, Map<String, Double> figures, String date) {
    long full = experiment.fullEpochs() * epochs.get(0).samplesSeen();
    EpochMetrics last = epochs.get(epochs.size() - 1);
    boolean chooses = last.validation().isPresent();
    return new Outcome(
        experiment.group(),
        experiment.seed(),
        experiment.fullEpochs(),
        experiment.options(),
        date,
        full,
        epochs.stream().mapToLong(EpochMetrics::samplesKept).sum() / (double) full,
        epochs.stream().mapToLong(EpochMetrics::forwardOnly).sum() / (double) full,
        last.validation().map(Evaluation::accuracy).orElse(NONE),
        chooses ? NONE : last.test().map(Evaluation::accuracy).orElse(NONE),
        epochs.stream().map(e -> e.noiseScale().orElse(NONE)).toList(),
        figures);
  }

  /** The accuracy that the experiment is about. */
  double accuracy() {
    return validation >= 0 ? validation : test;
  }

  /** Samples that went backward. */
  double samplesKept() {
    return share * fullSamples;
  }

  /** Samples that only went forward. */
  double samplesForwardOnly() {
    return forwardOnly * fullSamples;
  }

  String model() {
    return option("model");
  }

  /** Samples of a step in the mean, where epochs keep as many steps as the full data has. */
  double meanBatch() {
    String batch = option("batch-size");
    double whole = batch.equals("auto") ? FIRST_BATCH : Integer.parseInt(batch);
    return whole * share * fullEpochs / Integer.parseInt(option("epochs"));
  }

  private String option(String key) {
    return new Experiment(group, seed, fullEpochs, options).value(key);
  }

  static Outcome read(Path file) throws IOException {
    return JSON.readValue(file.toFile(), Outcome.class);
  }

  /** Written beside and renamed, so that a file there is whole. */
  void write(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    Path beside = file.resolveSibling(file.getFileName() + ".partial");
    JSON.writerWithDefaultPrettyPrinter().writeValue(beside.toFile(), this);
    Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
  }
}
