package io.gradsieve.nn;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.graph.Kind;
import io.gradsieve.nn.layer.Activation;
import io.gradsieve.nn.layer.BatchNorm;
import io.gradsieve.nn.layer.Conv2d;
import io.gradsieve.nn.layer.Flatten;
import io.gradsieve.nn.layer.GlobalAveragePool;
import io.gradsieve.nn.layer.GroupNorm;
import io.gradsieve.nn.layer.Layer;
import io.gradsieve.nn.layer.Linear;
import io.gradsieve.nn.layer.Pool2d;
import io.gradsieve.nn.layer.Residual;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The built-in models, each a spec like one read from a file. To add one: its name in {@link
 * #NAMES} and its case below.
 */
public final class Models {
  /** In the order of help texts. */
  public static final List<String> NAMES =
      List.of("mlp", "cnn", "resnet20", "resnet20-gn", "resnet18");

  /** Images with a longer side get resnet18's large stem. */
  private static final int SMALL_IMAGE = 64;

  /** Groups of resnet20-gn. */
  private static final int GROUPS = 8;

  private static final Layer RELU = new Activation(Kind.Function.RELU);

  private Models() {}

  /**
   * A built-in model for images of C×H×W, or for D features: {@code channels} = D, height and width
   * 1.
   *
   * @throws Usage if there is no such model
   * @throws BadData if it can't be made for this input
   */
  public static NetworkSpec of(String name, int channels, int height, int width, int classes) {
    boolean image = height > 1 || width > 1;
    if (!NAMES.contains(name)) {
      throw Usage.unknown("model", name, NAMES);
    }
    if (!image && !name.equals("mlp")) {
      throw new BadData(
          name + " needs images, the samples are " + channels + " features each; use --model mlp");
    }
    List<Integer> input = image ? List.of(channels, height, width) : List.of(channels);
    List<Layer> layers =
        switch (name) {
          case "mlp" -> mlp(image, classes);
          case "cnn" -> cnn(classes);
          case "resnet20" -> resnet20(new BatchNorm(), classes);
          case "resnet20-gn" -> resnet20(new GroupNorm(GROUPS), classes);
          default -> resnet18(Math.max(height, width), classes);
        };
    try {
      return NetworkSpec.of(input, layers);
    } catch (BadData e) {
      throw new BadData(name + ": " + e.getMessage(), e);
    }
  }

  /**
   * K of a built-in model's weights.
   *
   * @throws BadData if the file is not of one
   */
  public static int classes(Path safetensors) {
    return StateFile.outputs(safetensors);
  }

  private static List<Layer> mlp(boolean image, int classes) {
    List<Layer> layers = new ArrayList<>();
    if (image) {
      layers.add(new Flatten());
    }
    layers.addAll(List.of(linear(512), RELU, linear(256), RELU, linear(classes)));
    return layers;
  }

  private static List<Layer> cnn(int classes) {
    Layer pool = new Pool2d(Kind.Pool.MAX, 2);
    return List.of(
        new Conv2d(32, 3, 3, 1, 1, true),
        RELU,
        pool,
        new Conv2d(64, 3, 3, 1, 1, true),
        RELU,
        pool,
        new Flatten(),
        linear(128),
        RELU,
        linear(classes));
  }

  /** He et al. 2016, section 4.2, with n = 3 and projection shortcuts. */
  private static List<Layer> resnet20(Layer norm, int classes) {
    List<Layer> layers = new ArrayList<>(List.of(conv(16, 3, 1), norm, RELU));
    int before = 16;
    for (int channels : new int[] {16, 32, 64}) {
      before = stage(layers, norm, before, channels, 3);
    }
    return classified(layers, classes);
  }

  /** He et al. 2016, table 1, 18 layers. */
  private static List<Layer> resnet18(int side, int classes) {
    Layer norm = new BatchNorm();
    List<Layer> layers = new ArrayList<>();
    if (side <= SMALL_IMAGE) {
      layers.addAll(List.of(conv(64, 3, 1), norm, RELU));
    } else {
      layers.addAll(List.of(conv(64, 7, 2), norm, RELU, new Pool2d(Kind.Pool.MAX, 2)));
    }
    int before = 64;
    for (int channels : new int[] {64, 128, 256, 512}) {
      before = stage(layers, norm, before, channels, 2);
    }
    return classified(layers, classes);
  }

  /**
   * Blocks of two 3×3 convolutions; the first halves the image where the channels change. Returns
   * the channels.
   */
  private static int stage(List<Layer> layers, Layer norm, int before, int channels, int blocks) {
    for (int block = 0; block < blocks; block++) {
      boolean changes = block == 0 && channels != before;
      int stride = changes ? 2 : 1;
      List<Layer> body = List.of(conv(channels, 3, stride), norm, RELU, conv(channels, 3, 1), norm);
      List<Layer> shortcut = changes ? List.of(conv(channels, 1, stride), norm) : List.of();
      layers.add(new Residual(body, shortcut));
      layers.add(RELU);
    }
    return channels;
  }

  private static List<Layer> classified(List<Layer> layers, int classes) {
    layers.addAll(List.of(new GlobalAveragePool(), new Flatten(), linear(classes)));
    return layers;
  }

  private static Layer conv(int channels, int kernel, int stride) {
    return new Conv2d(channels, kernel, kernel, stride, kernel / 2, false);
  }

  private static Layer linear(int features) {
    return new Linear(features, true);
  }
}
