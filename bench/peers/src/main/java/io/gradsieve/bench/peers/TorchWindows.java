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
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;

/**
 * PyTorch's side: {@code MODEL BATCH channels-last}, or {@code channels-first}, or the file of a
 * {@link TracedModel}. The whole standardised set lies ready as one tensor, from which each step
 * takes the rows of a shuffled batch; forward, backward and the update are calls into libtorch, the
 * update in place; nothing is read back but the loss at a window's end; a step's tensors are freed
 * with its manager.
 */
final class TorchWindows {
  private static final float RATE = 0.02f;
  private static final float MOMENTUM = 0.9f;
  private static final float DECAY = 5e-4f;

  private final NDManager manager;
  private final Block block;
  private final int batchSize;
  private final ParameterStore store;
  private final Optimizer optimizer;
  private final Random random = new Random(1);
  private final long[] order;
  private final NDArray images;
  private final NDArray targets;
  private final List<Parameter> trainable = new ArrayList<>();
  private int next;
  private double loss;
  private boolean readLoss;

  private TorchWindows(NDManager manager, Block block, int batchSize) {
    this.manager = manager;
    this.block = block;
    this.batchSize = batchSize;
    store = new ParameterStore(manager, false);
    optimizer =
        Optimizer.sgd()
            .setLearningRateTracker(Tracker.fixed(RATE))
            .optMomentum(MOMENTUM)
            .optWeightDecays(DECAY)
            .build();
    for (Parameter parameter : block.getParameters().values()) {
      if (parameter.requiresGradient()) {
        parameter.getArray().setRequiresGradient(true);
        trainable.add(parameter);
      }
    }
    FashionMnist data = FashionMnist.read();
    int size = data.size();
    images = manager.create(data.standardised(0, size), new Shape(size, 1, 28, 28));
    float[] oneHot = new float[size * FashionMnist.CLASSES];
    for (int i = 0; i < size; i++) {
      oneHot[i * FashionMnist.CLASSES + data.labels()[i]] = 1;
    }
    targets = manager.create(oneHot, new Shape(size, FashionMnist.CLASSES));
    order = LongStream.range(0, size).toArray();
  }

  /** The next rows of a shuffled epoch; a rest at its end is left out. */
  private long[] batch() {
    if (next + batchSize > order.length) {
      next = 0;
    }
    for (int i = next; i < next + batchSize; i++) {
      int j = i + random.nextInt(order.length - i);
      long row = order[j];
      order[j] = order[i];
      order[i] = row;
    }
    next += batchSize;
    return Arrays.copyOfRange(order, next - batchSize, next);
  }

  private void step() {
    try (NDManager step = manager.newSubManager()) {
      NDIndex rows = new NDIndex("{}", step.create(batch()));
      NDArray input = images.get(step, rows);
      NDArray target = targets.get(step, rows);
      try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        NDArray logits = block.forward(store, new NDList(input), true).singletonOrThrow();
        NDArray mean = logits.logSoftmax(1).mul(target).sum().div(-batchSize);
        collector.backward(mean);
        if (readLoss) {
          loss = mean.getFloat();
        }
      }
      for (Parameter parameter : trainable) {
        try (NDArray gradient = parameter.getArray().getGradient()) {
          optimizer.update(parameter.getId(), parameter.getArray(), gradient);
        }
      }
    }
  }

  private double loss() {
    readLoss = true;
    step();
    readLoss = false;
    return loss;
  }

  public static void main(String[] arguments) throws IOException {
    int batchSize = Integer.parseInt(arguments[1]);
    String form = arguments[2];
    try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
      Block block =
          form.endsWith(".pt")
              ? TracedModel.load(manager, Path.of(form))
              : TorchModels.of(arguments[0], manager, form.equals("channels-last"));
      TorchWindows torch = new TorchWindows(manager, block, batchSize);
      Windows windows = new Windows();
      boolean asked = windows.open();
      while (asked) {
        torch.step();
        asked = windows.stepDone(batchSize, torch::loss);
      }
    }
  }
}
