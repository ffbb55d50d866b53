package io.gradsieve.conventions;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.natives.NativeLibrary;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * One operation, one name, all the way: its header line, its function, its kernel, its binding, its
 * case and its row in docs/operations.md stand and fall together.
 */
class OperationsTest {
  private static final String TABLE = "docs/operations.md";
  private static final Pattern ROW =
      Pattern.compile("^\\| ([a-z0-9_]+) \\| (\\S+) \\| (\\S+) \\| (.+) \\|$");

  /** A library: where its operations are declared, told of, written and bound. */
  private enum Library {
    CPU("native/include/gradsieve.h", "gs_", "single operations", "On the CPU", "CpuLibrary"),
    CUDA("cuda-kernels/include/gradsieve_cuda.h", "gs_cuda_", "", "On a GPU", "CudaKernels");

    private final String header;
    private final String prefix;

    /** The part of the header whose functions are operations; empty: all of it. */
    private final String part;

    /** The table's heading. */
    private final String heading;

    private final String binding;

    Library(String header, String prefix, String part, String heading, String binding) {
      this.header = header;
      this.prefix = prefix;
      this.part = part;
      this.heading = heading;
      this.binding = binding;
    }

    /** Where its functions are defined, and the ending of those files. */
    String sources() {
      return this == CPU ? "native/src" : "cuda-kernels/src";
    }

    String ending() {
      return this == CPU ? ".cpp" : ".cu";
    }
  }

  private record Row(int line, String kernel, String kernelCase) {}

  private final SourceTree tree = SourceTree.here();

  @ParameterizedTest
  @EnumSource(Library.class)
  void everyOperationIsThereAllTheWay(Library library) throws ReflectiveOperationException {
    Map<String, Integer> operations = operations(library);
    Map<String, Row> rows = rows(library);
    Set<String> bound = bound(library);
    String sources = text(library.sources(), library.ending());
    List<String> violations = new ArrayList<>();
    operations.forEach(
        (name, line) -> {
          String function = library.prefix + name;
          String place = library.header + ":" + line + ": " + function;
          Row row = rows.get(name);
          if (row == null) {
            violations.add(place + " has no row, add one to " + TABLE);
          } else {
            check(function, row, violations);
          }
          if (!sources.contains("int " + function + "(")) {
            violations.add(place + " is not defined, write it in " + library.sources());
          }
          if (!bound.contains(function)) {
            violations.add(
                place + " is not bound, let the mapping of " + library.binding + " take it");
          }
        });
    rows.forEach(
        (name, row) -> {
          if (!operations.containsKey(name)) {
            violations.add(
                "%s:%d: no operation %s, remove the row".formatted(TABLE, row.line(), name));
          }
        });
    assertThat(operations).isNotEmpty();
    assertThat(violations).isEmpty();
  }

  /** A case calls the function, on a GPU directly or as the CPU's function of that name. */
  private void check(String function, Row row, List<String> violations) {
    String place = "%s:%d: %s: ".formatted(TABLE, row.line(), function);
    Path kernel = tree.file(row.kernel());
    if (!Files.exists(kernel)) {
      violations.add(place + "no kernel file " + row.kernel() + ", name the one it is in");
    }
    Path kernelCase = tree.file(row.kernelCase());
    if (!Files.exists(kernelCase) || !tree.text(kernelCase).contains(function)) {
      violations.add(place + row.kernelCase() + " does not call " + function + ", add a case");
    }
  }

  @Test
  void everyKernelFileBelongsToAnOperation() {
    String documentation = tree.text(tree.file(TABLE));
    String kernels = tree.text(tree.file("native/src/kernel_list.h"));
    List<String> violations = new ArrayList<>();
    for (Path file : tree.files(".cpp")) {
      String name = tree.name(file);
      if (!name.startsWith("native/src/kernels/") || name.endsWith("/table.cpp")) {
        continue;
      }
      String kernel = file.getFileName().toString().replace(".cpp", "");
      if (!documentation.contains(kernel + ".cpp") && !kernels.contains(", " + kernel + ", (")) {
        violations.add(
            name
                + ":1: no kernel of the list and not mentioned, say in "
                + TABLE
                + " whose part it is");
      }
    }
    assertThat(violations).isEmpty();
  }

  /** Names of the operations and their lines in the header. */
  private Map<String, Integer> operations(Library library) {
    Pattern declared = Pattern.compile("^int " + library.prefix + "(\\w+)\\(");
    Map<String, Integer> operations = new LinkedHashMap<>();
    List<String> lines = tree.lines(tree.file(library.header));
    boolean inside = library.part.isEmpty();
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).startsWith("/* ---- ") && !library.part.isEmpty()) {
        inside = lines.get(i).contains(library.part);
      }
      Matcher function = declared.matcher(lines.get(i));
      if (inside && function.find()) {
        operations.put(function.group(1), i + 1);
      }
    }
    return operations;
  }

  private Map<String, Row> rows(Library library) {
    Map<String, Row> rows = new LinkedHashMap<>();
    List<String> lines = tree.lines(tree.file(TABLE));
    boolean inside = false;
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).startsWith("## ")) {
        inside = lines.get(i).equals("## " + library.heading);
      }
      Matcher row = ROW.matcher(lines.get(i));
      if (inside && row.matches() && !row.group(1).equals("operation")) {
        rows.put(row.group(1), new Row(i + 1, row.group(2), row.group(3)));
      }
    }
    return rows;
  }

  private static Set<String> bound(Library library) throws ReflectiveOperationException {
    Class<?> binding =
        Class.forName(
            "io.gradsieve.natives." + library.binding, false, NativeLibrary.class.getClassLoader());
    Set<String> names = new HashSet<>();
    for (Method method : binding.getMethods()) {
      names.add(method.getName());
    }
    return names;
  }

  private String text(String place, String ending) {
    return tree.files(ending).stream()
        .filter(file -> tree.name(file).startsWith(place))
        .map(tree::text)
        .collect(Collectors.joining("\n"));
  }
}
