package io.gradsieve.bench.peers;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import io.gradsieve.api.Loop;
import io.gradsieve.api.Sieve;
import io.gradsieve.sieve.EpochPlan;
import java.util.Arrays;
import java.util.List;

/**
 * DJL's loop with our sieve: {@code bench/peers/sieve-with-djl [EPOCHS [POLICY…]]} trains {@code
 * mlp} on Fashion-MNIST by PyTorch, under each policy from the same weights, and prints accuracy on
 * the test part, samples that went backward, and seconds. Losses are the scores: PyTorch has them
 * anyway, so the sieve costs the loop nothing but reading them. Serves policies that look at scores
 * alone.
 */
final class SieveWithDjl {
  private static final int BATCH = 128;
  private static final float RATE = 0.02f;
  private static final float MOMENTUM = 0.9f;
  private static final int SEED = 1;

  private final NDManager manager;
  private final Block block;
  private final ParameterStore store;
  private final NDArray images;
  private final NDArray targets;
  private float rate = RATE;
  private long backward;

  private SieveWithDjl(NDManager manager, FashionMnist data) {
    Engine.getEngine("PyTorch").setRandomSeed(SEED);
    this.manager = manager;
    block = TorchModels.of("mlp", manager, false);
    store = new ParameterStore(manager, false);
    for (Parameter parameter : block.getParameters().values()) {
      parameter.getArray().setRequiresGradient(true);
    }
    images = images(manager, data);
    targets = manager.create(oneHot(data), new Shape(data.size(), FashionMnist.CLASSES));
  }

  private static NDArray images(NDManager manager, FashionMnist data) {
    float[] pixels = data.standardised(0, data.size());
    return manager.create(pixels, new Shape(data.size(), FashionMnist.PIXELS));
  }

  private static float[] oneHot(FashionMnist data) {
    float[] oneHot = new float[data.size() * FashionMnist.CLASSES];
    for (int i = 0; i < data.size(); i++) {
      oneHot[i * FashionMnist.CLASSES + data.labels()[i]] = 1;
    }
    return oneHot;
  }

  private void train(Sieve sieve, int epochs) {
    Optimizer optimizer =
        Optimizer.sgd()
            .setLearningRateTracker(new Rate())
            .optMomentum(MOMENTUM)
            .build();
    for (int epoch = 1; epoch <= epochs; epoch++) {
      EpochPlan plan = sieve.plan(epoch);
      rate = (float) (RATE * plan.lrScale());
      int from = 0;
      for (int size : plan.batchSizes()) {
        int[] ids = Arrays.copyOfRange(plan.order(), from, from + size);
        float[] weights = Arrays.copyOfRange(plan.weights(), from, from + size);
        sieve.record(ids, step(optimizer, ids, weights, plan.meanWeight()));
        from += size;
      }
    }
  }

  /** DJL asks for the rate of each update; a plan may scale it. */
  private final class Rate implements Tracker {
    @Override
    public float getNewValue(int update) {
      return rate;
    }
  }

  /** One update by Σ w_i ∂ℓ_i / (b·w̄); returns the losses ℓ_i, [b]. */
  private float[] step(Optimizer optimizer, int[] ids, float[] weights, double meanWeight) {
    try (NDManager step = manager.newSubManager()) {
      NDIndex rows = new NDIndex("{}", step.create(ids));
      NDArray input = images.get(step, rows);
      NDArray target = targets.get(step, rows);
      float[] losses;
      try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
        NDArray logits = block.forward(store, new NDList(input), true).singletonOrThrow();
        NDArray each = logits.logSoftmax(1).mul(target).sum(new int[] {1}).neg();
        collector.backward(each.mul(step.create(weights)).sum().div(ids.length * meanWeight));
        losses = each.toFloatArray();
      }
      for (Parameter parameter : block.getParameters().values()) {
        try (NDArray gradient = parameter.getArray().getGradient()) {
          optimizer.update(parameter.getId(), parameter.getArray(), gradient);
        }
      }
      backward += ids.length;
      return losses;
    }
  }

  private double accuracy(FashionMnist test) {
    try (NDManager evaluation = manager.newSubManager()) {
      NDList input = new NDList(images(evaluation, test));
      long[] classes =
          block.forward(store, input, false).singletonOrThrow().argMax(1).toLongArray();
      int hits = 0;
      for (int i = 0; i < classes.length; i++) {
        hits += classes[i] == test.labels()[i] ? 1 : 0;
      }
      return (double) hits / classes.length;
    }
  }

  public static void main(String[] arguments) {
    int epochs = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 12;
    List<String> policies =
        arguments.length > 1
            ? Arrays.asList(arguments).subList(1, arguments.length)
            : List.of("none", "variance:keep=0.5", "random:keep=0.5");
    FashionMnist data = FashionMnist.read();
    FashionMnist test = FashionMnist.readTest();
    System.out.println("| sieve | accuracy | samples backward | seconds |\n| --- | --- | --- | --- |");
    for (String policy : policies) {
      try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
        SieveWithDjl training = new SieveWithDjl(manager, data);
        Loop loop = Loop.standard().epochs(epochs).batchSize(BATCH).seed(SEED);
        long start = System.nanoTime();
        training.train(Sieve.of(policy, data.size(), loop), epochs);
        System.out.printf(
            "| `%s` | %.2f %% | %,d | %.1f |%n",
            policy,
            100 * training.accuracy(test),
            training.backward,
            (System.nanoTime() - start) / 1e9);
      }
    }
  }
}
