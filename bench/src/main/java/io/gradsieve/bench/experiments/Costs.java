package io.gradsieve.bench.experiments;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.train.EpochMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a sample costs, measured with nothing else on the machine. The trainings of a grid run two
 * at a time on a machine that does other things too, so their time is not their clock's: it is what
 * they computed times these.
 *
 * @param step microseconds of a whole step, norms and update included, by batch size
 * @param forward microseconds of a forward pass
 */
record Costs(TreeMap<Integer, Double> step, double forward) {
  private static final Path FILE = Path.of("bench/experiments/costs.json");
  private static final int[] BATCHES = {32, 64, 128, 256, 512, 1024};
  private static final double MICROS = 1e6;

  /** Of both data sets; they are evaluated by a forward pass after each epoch. */
  private static final int TEST_SAMPLES = 10_000;

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Microseconds that the run computed. */
  double of(Outcome run) {
    return run.samplesKept() * step(run.meanBatch()) + run.samplesForwardOnly() * forward;
  }

  /** Between measured batch sizes, by proportion. */
  private double step(double batch) {
    Map.Entry<Integer, Double> below = step.floorEntry((int) batch);
    Map.Entry<Integer, Double> above = step.ceilingEntry((int) Math.ceil(batch));
    if (below == null || above == null) {
      return (below == null ? step.firstEntry() : step.lastEntry()).getValue();
    }
    int width = above.getKey() - below.getKey();
    double share = width == 0 ? 0 : (batch - below.getKey()) / width;
    return below.getValue() + share * (above.getValue() - below.getValue());
  }

  /** By model, as {@code costs.json} has them. */
  static Map<String, Costs> read() throws IOException {
    if (Files.notExists(FILE)) {
      throw new IOException(FILE + ": is not there; run bench/experiments/run costs first");
    }
    Map<String, Costs> costs = new TreeMap<>();
    for (String model : List.of("cnn", "resnet20")) {
      costs.put(
          model, JSON.treeToValue(JSON.readTree(Files.readString(FILE)).get(model), Costs.class));
    }
    return costs;
  }

  /** Measures them: some minutes on one thread, with nothing beside. */
  static void measure(String cifar) throws IOException {
    MadeData.prepare(Grid.CIFAR.experiments(true).get(0), cifar);
    Map<String, Costs> costs =
        Map.of(
            "cnn", of("data=fashion-mnist", "model=cnn"),
            "resnet20", of(MadeData.option(MadeData.CIFAR_SUBSET), "model=resnet20"));
    JSON.writerWithDefaultPrettyPrinter().writeValue(FILE.toFile(), new TreeMap<>(costs));
  }

  private static Costs of(String data, String model) {
    TreeMap<Integer, Double> step = new TreeMap<>();
    double forward = 0;
    for (int batch : BATCHES) {
      EpochMetrics warm = lastEpoch(data, model, batch);
      step.put(batch, MICROS / warm.samplesPerSecond());
      double training = warm.samplesKept() / warm.samplesPerSecond();
      forward = MICROS * (warm.seconds() - training) / TEST_SAMPLES;
    }
    return new Costs(step, forward);
  }

  private static EpochMetrics lastEpoch(String data, String model, int batch) {
    List<EpochMetrics> epochs =
        Experiment.train(
            List.of(
                data,
                model,
                "sieve=none",
                "epochs=2",
                "batch-size=" + batch,
                "threads=1",
                "clip-norm=1"));
    return epochs.get(epochs.size() - 1);
  }
}
