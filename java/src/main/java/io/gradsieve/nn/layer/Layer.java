package io.gradsieve.nn.layer;

import io.gradsieve.GradsieveException.BadData;
import java.util.Map;

/**
 * One layer of a network, as PyTorch's module of the same kind: its options, and what follows from
 * them. Layers have no state; parameters live on the network's device.
 *
 * <p>To add one: a record here, its line in {@link LayerKinds}, its PyTorch module in {@code
 * docs/pytorch.md} and a fixture.
 */
public interface Layer {
  /** Its name in model files. */
  String kind();

  /** Its options in model files, in their order, the defaults included; empty if it has none. */
  Map<String, Object> options();

  /**
   * Checks the input's shape, declares the parameters and tells the output's shape.
   *
   * @param name the layer's name in PyTorch, such as {@code 3.body.0}
   * @throws BadData if the input does not fit, naming the layer, the shapes and what to do
   */
  Shape describe(Shape in, String name, ParameterList.Builder parameters);

  /** Adds its nodes; {@code in} is the value it reads. Returns the one it makes. */
  int lower(Lowering lowering, int in, String name);

  /** An input that does not fit: names layer and kind. */
  default BadData misfit(String name, String problem) {
    return new BadData("layer " + name + " (" + kind() + "): " + problem);
  }

  /** Throws unless the input is an image. */
  default void needsImage(Shape in, String name) {
    if (in.flat()) {
      throw misfit(
          name, "needs an image (channels x height x width), its input is " + in + " features");
    }
  }
}
