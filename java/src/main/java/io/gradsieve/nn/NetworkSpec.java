package io.gradsieve.nn;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.rules.Column;
import io.gradsieve.format.rules.Normalization;
import io.gradsieve.format.yaml.YamlNode;
import io.gradsieve.nn.layer.Layer;
import io.gradsieve.nn.layer.Linear;
import io.gradsieve.nn.layer.ParameterList;
import io.gradsieve.nn.layer.Shape;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a network is: its layers, and how samples become inputs. The content of a model file ({@code
 * model.yaml}); every spec that exists is one whose shapes fit.
 *
 * @param input [C, H, W] of an image or [D] of features
 * @param layers in order; the last is linear, one output a class
 * @param normalize of the values of a channel or feature; empty: bytes are scaled to [0,1] only
 * @param classes names of the classes; empty: class k is called k
 * @param columns of a table, in the order of its file; empty for other data
 */
public record NetworkSpec(
    List<Integer> input,
    List<Layer> layers,
    Optional<Normalization> normalize,
    List<String> classes,
    List<Column> columns) {
  /** Longest side of an image, and most channels. */
  private static final int LARGEST_SIDE = 1 << 20;

  /** Checks that the shapes fit; throws {@code BadData} naming the layer if not. */
  public NetworkSpec {
    input = List.copyOf(input);
    layers = List.copyOf(layers);
    classes = List.copyOf(classes);
    columns = List.copyOf(columns);
    Description description = describe(input, layers);
    int outputs = description.outputs();
    if (!classes.isEmpty() && classes.size() != outputs) {
      throw new BadData(
          "layer %d (linear) gives %d outputs but there are %d classes; give it features: %d"
              .formatted(layers.size() - 1, outputs, classes.size(), classes.size()));
    }
    if (normalize.isPresent() && normalize.get().mean().size() != input.get(0)) {
      throw new BadData(
          "normalize: %d means do not fit the input %s; give one a channel of an image, or one a feature"
              .formatted(normalize.get().mean().size(), input));
    }
  }

  /** What follows from the layers: the shapes of the network's input and output, and parameters. */
  record Description(Shape input, Shape output, ParameterList parameters) {
    int outputs() {
      return output.features();
    }
  }

  /** A network without {@code normalize}, {@code classes} and {@code columns}. */
  public static NetworkSpec of(List<Integer> input, List<Layer> layers) {
    return new NetworkSpec(input, layers, Optional.empty(), List.of(), List.of());
  }

  /** The same layers for data of these rules; throws {@code BadData} if they do not fit. */
  public NetworkSpec with(
      Optional<Normalization> newNormalize, List<String> newClasses, List<Column> newColumns) {
    return new NetworkSpec(input, layers, newNormalize, newClasses, newColumns);
  }

  /**
   * Reads a model file; throws {@code BadData} naming file and line, or the layer that does not
   * fit.
   */
  public static NetworkSpec read(Path yaml) {
    return SpecReader.read(YamlNode.read(yaml), yaml.toString());
  }

  /** As {@link #read}, of a text; {@code file} is its name in messages. */
  public static NetworkSpec parse(String file, String yaml) {
    return SpecReader.read(YamlNode.parse(file, yaml), file);
  }

  /** As a model file; {@link #read} gives an equal spec back. The same spec gives the same text. */
  public String toYaml() {
    return SpecWriter.write(this);
  }

  /** K, the outputs of the last layer. */
  public int outputs() {
    return describe().outputs();
  }

  /** Trainable parameters, as PyTorch counts them. */
  public long trainableElements() {
    return describe().parameters().trainableElements();
  }

  /** C·H·W or D: values of one sample. */
  public int inputs() {
    return input.stream().mapToInt(Integer::intValue).reduce(1, (a, b) -> a * b);
  }

  Description describe() {
    return describe(input, layers);
  }

  private static Description describe(List<Integer> input, List<Layer> layers) {
    Shape in = inputShape(input);
    ParameterList.Builder parameters = new ParameterList.Builder();
    Shape shape = in;
    for (int i = 0; i < layers.size(); i++) {
      shape = layers.get(i).describe(shape, Integer.toString(i), parameters);
    }
    if (layers.isEmpty() || !(layers.get(layers.size() - 1) instanceof Linear)) {
      throw new BadData(
          "the last layer must be linear, with one feature a class; add `- linear: {features: K}`");
    }
    if (shape.features() < 2) {
      throw new BadData(
          "layer "
              + (layers.size() - 1)
              + " (linear) gives one output; a classifier needs at least two classes");
    }
    return new Description(in, shape, parameters.build());
  }

  private static Shape inputShape(List<Integer> input) {
    if (input.size() != 1 && input.size() != 3) {
      throw new BadData("input must be [channels, height, width] or [features], is " + input);
    }
    for (int size : input) {
      if (size < 1 || size > LARGEST_SIDE) {
        throw new BadData("input must be positive numbers up to " + LARGEST_SIDE + ", is " + input);
      }
    }
    return input.size() == 1
        ? Shape.features(input.get(0))
        : Shape.image(input.get(0), input.get(1), input.get(2));
  }
}
