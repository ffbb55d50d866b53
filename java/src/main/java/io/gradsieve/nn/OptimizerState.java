package io.gradsieve.nn;

import io.gradsieve.backend.DeviceBuffer;
import io.gradsieve.format.safetensors.ElementType;
import io.gradsieve.format.safetensors.SafeTensors;
import io.gradsieve.format.safetensors.SafeTensorsWriter;
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

  /** Writes the states, each as trainable floats that lie as the weights, by PyTorch's name. */
  public static void save(OutputStream out, Parameters parameters, Map<String, DeviceBuffer> states)
      throws IOException {
    SafeTensorsWriter writer = new SafeTensorsWriter(StateFile.PYTORCH);
    for (Parameter parameter : trainable(parameters)) {
      states.forEach(
          (state, values) ->
              writer.floats(
                  name(parameter, state),
                  StateFile.shape(parameter),
                  () -> parameter.read(values)));
    }
    writer.write(out);
  }

  /**
   * Reads them back.
   *
   * @throws io.gradsieve.GradsieveException.BadData if the file holds another optimizer's or
   *     another network's, naming the tensors
   */
  public static void load(Path file, Parameters parameters, Map<String, DeviceBuffer> states) {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      List<Expected> expected = new ArrayList<>();
      for (Parameter parameter : trainable(parameters)) {
        for (String state : states.keySet()) {
          expected.add(
              new Expected(name(parameter, state), ElementType.F32, StateFile.shape(parameter)));
        }
      }
      StateFile.check(file, tensors, expected, "train anew with --overwrite");
      for (Parameter parameter : trainable(parameters)) {
        states.forEach(
            (state, values) -> parameter.write(values, tensors.floats(name(parameter, state))));
      }
    }
  }

  private static List<Parameter> trainable(Parameters parameters) {
    return parameters.layout().parameters().stream().filter(Parameter::trainable).toList();
  }

  private static String name(Parameter parameter, String state) {
    return parameter.name() + "." + state;
  }
}
