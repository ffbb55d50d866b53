package io.gradsieve.bench.peers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.initializer.XavierInitializer;
import java.util.List;

/** The engine's built-in models out of DJL's blocks; every operation is one call into libtorch. */
final class TorchModels {
  private TorchModels() {}

  /** The model with drawn parameters, its filters in the order asked for. */
  static Block of(String name, NDManager manager, boolean channelsLast) {
    Block block =
        switch (name) {
          case "mlp" -> mlp();
          case "cnn" -> cnn();
          case "resnet20" -> resnet20();
          default -> throw new IllegalArgumentException("unknown model " + name);
        };
    block.setInitializer(new XavierInitializer(), Parameter.Type.WEIGHT);
    block.initialize(manager, DataType.FLOAT32, new Shape(1, 1, 28, 28));
    if (channelsLast) {
      block.getParameters().values().stream()
          .map(Parameter::getArray)
          .filter(array -> array.getShape().dimension() == 4)
          .forEach(TorchModels::toChannelsLast);
    }
    return block;
  }

  /**
   * The same filter in memory as [O][kh][kw][I] (a copy keeps the order), which libtorch then uses
   * for everything after it: convolutions 1.4 to 1.9 times as fast here as channels first.
   */
  private static void toChannelsLast(NDArray filter) {
    NDArray last = filter.transpose(0, 2, 3, 1);
    NDArray dense = last.reshape(new Shape(filter.size())).reshape(last.getShape());
    filter.intern(dense.transpose(0, 3, 1, 2).duplicate());
  }

  private static SequentialBlock mlp() {
    return new SequentialBlock()
        .add(Blocks.batchFlattenBlock())
        .add(linear(512))
        .add(relu())
        .add(linear(256))
        .add(relu())
        .add(linear(FashionMnist.CLASSES));
  }

  private static SequentialBlock cnn() {
    return new SequentialBlock()
        .add(conv(32, 3, 1, true))
        .add(relu())
        .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
        .add(conv(64, 3, 1, true))
        .add(relu())
        .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
        .add(Blocks.batchFlattenBlock())
        .add(linear(128))
        .add(relu())
        .add(linear(FashionMnist.CLASSES));
  }

  private static SequentialBlock resnet20() {
    SequentialBlock net = new SequentialBlock().add(conv(16, 3, 1, false)).add(norm()).add(relu());
    int before = 16;
    for (int channels : new int[] {16, 32, 64}) {
      for (int block = 0; block < 3; block++) {
        net.add(residual(before, channels));
        before = channels;
      }
    }
    return net.add(Pool.globalAvgPool2dBlock()).add(linear(FashionMnist.CLASSES));
  }

  private static Block residual(int before, int channels) {
    int stride = before == channels ? 1 : 2;
    SequentialBlock body =
        new SequentialBlock()
            .add(conv(channels, 3, stride, false))
            .add(norm())
            .add(relu())
            .add(conv(channels, 3, 1, false))
            .add(norm());
    Block shortcut =
        before == channels
            ? Blocks.identityBlock()
            : new SequentialBlock().add(conv(channels, 1, stride, false)).add(norm());
    return new ParallelBlock(
        (List<NDList> sides) ->
            new NDList(
                Activation.relu(
                    sides.get(0).singletonOrThrow().add(sides.get(1).singletonOrThrow()))),
        List.of(body, shortcut));
  }

  private static Block conv(int channels, int kernel, int stride, boolean bias) {
    return Conv2d.builder()
        .setKernelShape(new Shape(kernel, kernel))
        .optStride(new Shape(stride, stride))
        .optPadding(new Shape(kernel / 2, kernel / 2))
        .setFilters(channels)
        .optBias(bias)
        .build();
  }

  private static Block linear(int features) {
    return Linear.builder().setUnits(features).build();
  }

  private static Block norm() {
    return BatchNorm.builder().build();
  }

  private static Block relu() {
    return new LambdaBlock(Activation::relu, "relu");
  }
}
