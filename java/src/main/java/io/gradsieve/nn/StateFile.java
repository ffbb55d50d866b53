package io.gradsieve.nn;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.safetensors.ElementType;
import io.gradsieve.format.safetensors.SafeTensors;
import io.gradsieve.format.safetensors.SafeTensorsWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A network's state in a safetensors file, under PyTorch's names and in its layouts: parameters as
 * F32, counters as I64.
 */
final class StateFile {
  /** Most names in a message. */
  private static final int NAMED = 5;

  private StateFile() {}

  static void save(OutputStream out, Parameters parameters) throws IOException {
    SafeTensorsWriter writer = new SafeTensorsWriter(Map.of("format", "pt"));
    ParameterLayout layout = parameters.layout();
    for (String counter : layout.counters()) {
      writer.longs(counter, List.of(), () -> new long[] {parameters.counter(counter)});
    }
    for (Parameter parameter : layout.parameters()) {
      writer.floats(
          parameter.name(),
          parameter.shape().stream().map(Integer::longValue).toList(),
          () -> parameters.read(parameter));
    }
    writer.write(out);
  }

  static void load(Path file, Parameters parameters) {
    try (SafeTensors tensors = SafeTensors.open(file)) {
      check(file, tensors, parameters.layout());
      for (Parameter parameter : parameters.layout().parameters()) {
        parameters.write(parameter, tensors.floats(parameter.name()));
      }
      for (String counter : parameters.layout().counters()) {
        parameters.setCounter(counter, tensors.longs(counter)[0]);
      }
    }
  }

  /** Compares everything before anything is changed. */
  private static void check(Path file, SafeTensors tensors, ParameterLayout layout) {
    Set<String> unexpected = new TreeSet<>(tensors.entries().keySet());
    List<String> missing = new ArrayList<>();
    List<String> different = new ArrayList<>();
    for (Parameter parameter : layout.parameters()) {
      List<Long> shape = parameter.shape().stream().map(Integer::longValue).toList();
      compare(parameter.name(), ElementType.F32, shape, tensors, missing, different);
      unexpected.remove(parameter.name());
    }
    for (String counter : layout.counters()) {
      compare(counter, ElementType.I64, List.of(), tensors, missing, different);
      unexpected.remove(counter);
    }
    List<String> problems = new ArrayList<>();
    list(problems, "missing", missing);
    list(problems, "unexpected", List.copyOf(unexpected));
    list(problems, "different", different);
    if (!problems.isEmpty()) {
      throw new BadData(
          file
              + ": does not fit the model: "
              + String.join("; ", problems)
              + "; give the --model these weights were made for");
    }
  }

  private static void compare(
      String name,
      ElementType type,
      List<Long> shape,
      SafeTensors tensors,
      List<String> missing,
      List<String> different) {
    SafeTensors.Entry entry = tensors.entries().get(name);
    if (entry == null) {
      missing.add(name);
    } else if (entry.type() != type || !entry.shape().equals(shape)) {
      different.add(
          "%s is %s %s, must be %s %s".formatted(name, entry.type(), entry.shape(), type, shape));
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
