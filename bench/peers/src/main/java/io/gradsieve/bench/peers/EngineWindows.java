package io.gradsieve.bench.peers;

import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.StepInput;
import io.gradsieve.backend.StepRecords;
import io.gradsieve.nn.Models;
import io.gradsieve.nn.Network;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.nn.Normalize;
import io.gradsieve.plan.UpdateRule;
import io.gradsieve.sieve.ScoreTable;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * The engine's side: {@code MODEL BATCH THREADS [norms-off]}. The next batch is copied while a step
 * runs, and after it every sample's scores go into a table, as in training.
 */
final class EngineWindows implements AutoCloseable {
  private static final double RATE = 0.02;

  private final FashionMnist data;
  private final CompiledStep step;
  private final StepInput[] inputs;
  private final ScoreTable table;
  private final int batchSize;
  private int next;
  private int turn;
  private long steps;
  private double loss;

  private EngineWindows(CompiledStep step, FashionMnist data, int batchSize, boolean norms) {
    this.step = step;
    this.data = data;
    this.batchSize = batchSize;
    table = ScoreTable.forTraining(data.size(), norms, 1);
    inputs = new StepInput[] {step.newInput(), step.newInput()};
    fill(inputs[0], 0);
  }

  private void fill(StepInput input, int from) {
    input
        .inputs()
        .put(0, data.pixels(), from * FashionMnist.PIXELS, batchSize * FashionMnist.PIXELS);
    for (int i = 0; i < batchSize; i++) {
      input.labels().put(i, data.labels()[from + i]);
      input.ids().put(i, from + i);
      input.planWeights().put(i, 1);
      input.sampleWeights().put(i, 1);
    }
  }

  private void step() {
    int from = next;
    next = from + 2 * batchSize <= data.size() ? from + batchSize : 0;
    step.begin(inputs[turn], batchSize, CompiledStep.Mode.TRAINING, 1, 1, -1);
    step.forward();
    step.backward();
    step.update(RATE, batchSize, 0, ++steps);
    turn = 1 - turn;
    fill(inputs[turn], next);
    step.await();
    record(from);
  }

  private void record(int from) {
    StepRecords records = step.records();
    double sum = 0;
    for (int i = 0; i < batchSize; i++) {
      table.record(
          from + i,
          1,
          records.loss().get(i),
          records.crossEntropy().get(i),
          records.el2n().get(i),
          records.margin().get(i),
          (float) Math.sqrt(records.squaredNorm().get(i)),
          records.confidence().get(i),
          (int) records.predicted().get(i));
      sum += records.crossEntropy().get(i);
    }
    loss = sum / batchSize;
  }

  private double loss() {
    return loss;
  }

  @Override
  public void close() {
    for (StepInput input : inputs) {
      input.close();
    }
  }

  public static void main(String[] arguments) throws IOException {
    int batchSize = Integer.parseInt(arguments[1]);
    boolean norms = arguments.length < 4 || !arguments[3].equals("norms-off");
    NetworkSpec model = Models.of(arguments[0], 1, 28, 28, FashionMnist.CLASSES);
    Normalize normalize =
        new Normalize(List.of(FashionMnist.MEAN), List.of(FashionMnist.DEVIATION));
    NetworkSpec spec = model.with(Optional.of(normalize), model.classes(), model.columns());
    try (Backend backend = Backends.open("cpu", Integer.parseInt(arguments[2]));
        Network network = Network.create(spec, backend, 1);
        CompiledStep step =
            backend.compile(
                network.plan(batchSize, true, norms, 0, true),
                network.weights(),
                Optional.of(new UpdateRule.Sgd(0.9, false, 5e-4)));
        EngineWindows engine = new EngineWindows(step, FashionMnist.read(), batchSize, norms)) {
      Windows.serve(batchSize, engine::step, engine::loss);
    }
  }
}
