package io.gradsieve.nn;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.safetensors.ElementType;
import io.gradsieve.format.safetensors.SafeTensors;
import io.gradsieve.format.safetensors.SafeTensorsWriter;
import io.gradsieve.graph.Parameter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * A network's state in a safetensors file, under PyTorch's names and in its layouts: parameters as
 * F32, counters as I64.
 */
final class StateFile {
  /** The metadata that PyTorch's users write. */
  static final Map<String, String> PYTORCH = Map.of("format", "pt");

  /** Most names in a message. */
  private static final int NAMED = 5;

  private static final Pattern LAST_BIAS = Pattern.compile("[0-9]{1,6}\\.bias");

  /** Features of a linear layer, at most. */
  private static final long LARGEST_OUTPUTS = 1 << 20;

  private StateFile() {}

  /** As the format has it. */
  static List<Long> shape(Parameter parameter) {
    return parameter.shape().stream().map(Integer::longValue).toList();
  }

  static void save(OutputStream out, Parameters parameters, Map<String, String> metadata)
      throws IOException {
    SafeTensorsWriter writer = new SafeTensorsWriter(metadata);
    for (String counter : parameters.counters()) {
      writer.longs(counter, List.of(), () -> new long[] {parameters.counter(counter)});
    }
    for (int p = 0; p < parameters.list().size(); p++) {
      int index = p;
      Parameter parameter = parameters.list().get(p);
      writer.floats(parameter.name(), shape(parameter), () -> parameters.read(index));
    }
    writer.write(out);
  }

  static void load(Path file, Parameters parameters) {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      check(file, tensors, expected(parameters), "give the --model these weights were made for");
      for (int p = 0; p < parameters.list().size(); p++) {
        Parameter parameter = parameters.list().get(p);
        parameters.write(p, finite(file, parameter, tensors.floats(parameter.name())));
      }
      for (String counter : parameters.counters()) {
        parameters.setCounter(counter, tensors.longs(counter)[0]);
      }
    }
  }

  /** What a network can't compute with is the file's fault, not that of a rate or of the data. */
  private static float[] finite(Path file, Parameter parameter, float[] values) {
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new BadData(
            "%s: %s holds %s at element %d; give weights that did not diverge"
                .formatted(file, parameter.name(), values[i], i));
      }
    }
    return values;
  }

  /**
   * Outputs of the last layer, which is linear in every model: the length of the bias with the
   * largest number.
   *
   * @throws BadData if the file has none
   */
  static int outputs(Path file) {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      return tensors.entries().entrySet().stream()
          .filter(entry -> LAST_BIAS.matcher(entry.getKey()).matches())
          .filter(entry -> entry.getValue().shape().size() == 1)
          .max(Comparator.comparingInt(entry -> layer(entry.getKey())))
          .map(entry -> entry.getValue().shape().get(0))
          .filter(outputs -> outputs > 0 && outputs <= LARGEST_OUTPUTS)
          .map(Long::intValue)
          .orElseThrow(
              () ->
                  new BadData(file + ": holds no bias of a last layer; are they a classifier's?"));
    }
  }

  private static int layer(String name) {
    return Integer.parseInt(name.substring(0, name.indexOf('.')));
  }

  /** A tensor that must be there. */
  record Expected(String name, ElementType type, List<Long> shape) {}

  private static List<Expected> expected(Parameters parameters) {
    List<Expected> expected = new ArrayList<>();
    for (Parameter parameter : parameters.list()) {
      expected.add(new Expected(parameter.name(), ElementType.F32, shape(parameter)));
    }
    for (String counter : parameters.counters()) {
      expected.add(new Expected(counter, ElementType.I64, List.of()));
    }
    return expected;
  }

  /**
   * Compares everything before anything is changed; {@code advice} ends the message.
   *
   * @throws BadData naming what is missing, unexpected or of other type or shape
   */
  static void check(Path file, SafeTensors tensors, List<Expected> all, String advice) {
    Set<String> unexpected = new TreeSet<>(tensors.entries().keySet());
    List<String> missing = new ArrayList<>();
    List<String> different = new ArrayList<>();
    for (Expected expected : all) {
      compare(expected, tensors, missing, different);
      unexpected.remove(expected.name());
    }
    List<String> problems = new ArrayList<>();
    list(problems, "missing", missing);
    list(problems, "unexpected", List.copyOf(unexpected));
    list(problems, "different", different);
    if (!problems.isEmpty()) {
      throw new BadData(
          file + ": does not fit the model: " + String.join("; ", problems) + "; " + advice);
    }
  }

  private static void compare(
      Expected expected, SafeTensors tensors, List<String> missing, List<String> different) {
    SafeTensors.Entry entry = tensors.entries().get(expected.name());
    if (entry == null) {
      missing.add(expected.name());
    } else if (entry.type() != expected.type() || !entry.shape().equals(expected.shape())) {
      different.add(
          "%s is %s %s, must be %s %s"
              .formatted(
                  expected.name(), entry.type(), entry.shape(), expected.type(), expected.shape()));
    }
  }

  private static void list(List<String> problems, String what, List<String> names) {
    if (!names.isEmpty()) {
      String more = names.size() > NAMED ? " and " + (names.size() - NAMED) + " more" : "";
      problems.add(
          what + ": " + String.join(", ", names.subList(0, Math.min(NAMED, names.size()))) + more);
    }
  }
}
