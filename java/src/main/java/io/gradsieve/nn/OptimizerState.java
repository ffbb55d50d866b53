package io.gradsieve.nn;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.backend.DeviceBuffer;
import io.gradsieve.format.safetensors.ElementType;
import io.gradsieve.format.safetensors.SafeTensors;
import io.gradsieve.format.safetensors.SafeTensorsWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

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
   * @throws BadData if the file holds another optimizer's or another network's, naming the tensor
   */
  public static void load(Path file, Parameters parameters, Map<String, DeviceBuffer> states) {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      TreeSet<String> unexpected = new TreeSet<>(tensors.entries().keySet());
      for (Parameter parameter : trainable(parameters)) {
        for (String state : states.keySet()) {
          String name = name(parameter, state);
          SafeTensors.Entry entry = tensors.entries().get(name);
          if (!unexpected.remove(name)
              || entry.type() != ElementType.F32
              || !entry.shape().equals(StateFile.shape(parameter))) {
            throw foreign(file, name);
          }
        }
      }
      if (!unexpected.isEmpty()) {
        throw foreign(file, unexpected.first());
      }
      for (Parameter parameter : trainable(parameters)) {
        states.forEach(
            (state, values) -> parameter.write(values, tensors.floats(name(parameter, state))));
      }
    }
  }

  private static BadData foreign(Path file, String name) {
    return new BadData(
        "%s: is of another optimizer or network (see %s); train anew with --overwrite"
            .formatted(file, name));
  }

  private static List<Parameter> trainable(Parameters parameters) {
    return parameters.layout().parameters().stream().filter(Parameter::trainable).toList();
  }

  private static String name(Parameter parameter, String state) {
    return parameter.name() + "." + state;
  }
}
