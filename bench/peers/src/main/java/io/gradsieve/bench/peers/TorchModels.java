package io.gradsieve.bench.peers;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import java.util.List;

/** The engine's built-in models out of DJL's blocks; every operation is one call into libtorch. */
final class TorchModels {
  private TorchModels() {}

  static Block of(String name) {
    return switch (name) {
      case "mlp" -> mlp();
      case "cnn" -> cnn();
      case "resnet20" -> resnet20();
      default -> throw new IllegalArgumentException("unknown model " + name);
    };
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
