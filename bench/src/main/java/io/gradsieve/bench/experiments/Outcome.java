package io.gradsieve.bench.experiments;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.train.EpochMetrics;
import io.gradsieve.train.Evaluation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * What a training came to, as its JSON file has it.
 *
 * @param share samples backpropagated, as a share of what the full run backpropagates
 * @param forwardOnly samples that were only scored, likewise
 * @param seconds of training, on a machine that did other things too
 * @param validation accuracy after the last epoch, on the part set aside
 * @param test the same on the test part; −1 in experiments that choose
 * @param noiseScales of each epoch, in samples; −1 where there was none
 */
record Outcome(
    String group,
    int seed,
    List<String> options,
    String date,
    double share,
    double forwardOnly,
    double seconds,
    double validation,
    double test,
    List<Double> noiseScales) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final double NONE = -1;

  static Outcome of(Experiment experiment, List<EpochMetrics> epochs, String date) {
    double seen = (double) experiment.fullEpochs() * epochs.get(0).samplesSeen();
    EpochMetrics last = epochs.get(epochs.size() - 1);
    boolean chooses = last.validation().isPresent();
    return new Outcome(
        experiment.group(),
        experiment.seed(),
        experiment.options(),
        date,
        epochs.stream().mapToLong(EpochMetrics::samplesKept).sum() / seen,
        epochs.stream().mapToLong(EpochMetrics::forwardOnly).sum() / seen,
        epochs.stream().mapToDouble(e -> e.samplesKept() / e.samplesPerSecond()).sum(),
        last.validation().map(Evaluation::accuracy).orElse(NONE),
        chooses ? NONE : last.test().map(Evaluation::accuracy).orElse(NONE),
        epochs.stream().map(e -> e.noiseScale().orElse(NONE)).toList());
  }

  /** The accuracy that the experiment is about. */
  double accuracy() {
    return validation >= 0 ? validation : test;
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
