package io.gradsieve.nn;

import io.gradsieve.format.safetensors.ElementType;
import io.gradsieve.format.safetensors.SafeTensors;
import io.gradsieve.format.safetensors.SafeTensorsWriter;
import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.nn.StateFile.Expected;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What an optimizer keeps for every trainable parameter, in a safetensors file: F32 tensors {@code
 * PARAMETER.STATE}, such as {@code 0.weight.momentum_buffer}, in PyTorch's order and shape, so that
 * a file says nothing of the device it was written on.
 */
public final class OptimizerState {
  private OptimizerState() {}

  /** Writes the states, each by PyTorch's name. */
  public static void save(OutputStream out, Map<String, ParameterValues> states)
      throws IOException {
    SafeTensorsWriter writer = new SafeTensorsWriter(StateFile.PYTORCH);
    states.forEach(
        (state, values) -> {
          for (int p = 0; p < values.parameters().size(); p++) {
            int index = p;
            Parameter parameter = values.parameters().get(p);
            writer.floats(
                name(parameter, state), StateFile.shape(parameter), () -> values.read(index));
          }
        });
    writer.write(out);
  }

  /**
   * Reads them back.
   *
   * @throws io.gradsieve.GradsieveException.BadData if the file holds another optimizer's or
   *     another network's, naming the tensors
   */
  public static void load(Path file, Map<String, ParameterValues> states) {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      List<Expected> expected = new ArrayList<>();
      states.forEach(
          (state, values) -> {
            for (Parameter parameter : values.parameters()) {
              expected.add(
                  new Expected(
                      name(parameter, state), ElementType.F32, StateFile.shape(parameter)));
            }
          });
      StateFile.check(file, tensors, expected, "train anew with --overwrite");
      states.forEach(
          (state, values) -> {
            for (int p = 0; p < values.parameters().size(); p++) {
              values.write(p, tensors.floats(name(values.parameters().get(p), state)));
            }
          });
    }
  }

  private static String name(Parameter parameter, String state) {
    return parameter.name() + "." + state;
  }
}
