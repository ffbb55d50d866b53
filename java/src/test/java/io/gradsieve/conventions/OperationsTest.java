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

/**
 * One operation, one name, all the way: its header line, its function, its kernel, its binding, its
 * case and its row in docs/operations.md stand and fall together.
 */
class OperationsTest {
  private static final String HEADER = "native/include/gradsieve.h";
  private static final String TABLE = "docs/operations.md";
  private static final Pattern FUNCTION = Pattern.compile("^int gs_(\\w+)\\(");
  private static final Pattern ROW =
      Pattern.compile("^\\| ([a-z0-9_]+) \\| (\\S+) \\| (\\S+) \\| (.+) \\|$");

  private record Row(int line, String kernel, String kernelCase) {}

  private final SourceTree tree = SourceTree.here();

  @Test
  void everyOperationIsThereAllTheWay() throws ReflectiveOperationException {
    Map<String, Integer> operations = operations();
    Map<String, Row> rows = rows();
    Set<String> bound = bound();
    String sources = text("native/src");
    List<String> violations = new ArrayList<>();
    operations.forEach(
        (name, line) -> {
          String place = HEADER + ":" + line + ": gs_" + name;
          Row row = rows.get(name);
          if (row == null) {
            violations.add(place + " has no row, add one to " + TABLE);
          } else {
            check(name, row, violations);
          }
          if (!sources.contains("int gs_" + name + "(")) {
            violations.add(place + " is not defined, write it in native/src");
          }
          if (!bound.contains("gs_" + name)) {
            violations.add(place + " is not bound, let CpuLibraryMapping take it");
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

  private void check(String name, Row row, List<String> violations) {
    String place = "%s:%d: %s: ".formatted(TABLE, row.line(), name);
    Path kernel = tree.file(row.kernel());
    if (!Files.exists(kernel)) {
      violations.add(place + "no kernel file " + row.kernel() + ", name the one it is in");
    }
    Path kernelCase = tree.file(row.kernelCase());
    if (!Files.exists(kernelCase) || !tree.text(kernelCase).contains("gs_" + name)) {
      violations.add(place + row.kernelCase() + " does not call gs_" + name + ", add a case");
    }
  }

  @Test
  void everyKernelFileBelongsToAnOperation() {
    String documentation = tree.text(tree.file(TABLE));
    String table = text("native/src/kernels/table.cpp");
    List<String> violations = new ArrayList<>();
    for (Path file : tree.files(".cpp")) {
      String name = tree.name(file);
      if (!name.startsWith("native/src/kernels/") || name.endsWith("/table.cpp")) {
        continue;
      }
      String kernel = file.getFileName().toString().replace(".cpp", "");
      if (!documentation.contains(kernel + ".cpp") && !table.contains("::" + kernel + ",")) {
        violations.add(
            name
                + ":1: no kernel of the table and not mentioned, say in "
                + TABLE
                + " whose part it is");
      }
    }
    assertThat(violations).isEmpty();
  }

  /** Names of the single operations and their lines in the header. */
  private Map<String, Integer> operations() {
    Map<String, Integer> operations = new LinkedHashMap<>();
    List<String> lines = tree.lines(tree.file(HEADER));
    boolean single = false;
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).startsWith("/* ---- ")) {
        single = lines.get(i).contains("single operations");
      }
      Matcher function = FUNCTION.matcher(lines.get(i));
      if (single && function.find()) {
        operations.put(function.group(1), i + 1);
      }
    }
    return operations;
  }

  private Map<String, Row> rows() {
    Map<String, Row> rows = new LinkedHashMap<>();
    List<String> lines = tree.lines(tree.file(TABLE));
    for (int i = 0; i < lines.size(); i++) {
      Matcher row = ROW.matcher(lines.get(i));
      if (row.matches() && !row.group(1).equals("operation")) {
        rows.put(row.group(1), new Row(i + 1, row.group(2), row.group(3)));
      }
    }
    return rows;
  }

  private static Set<String> bound() throws ReflectiveOperationException {
    Class<?> library =
        Class.forName(
            "io.gradsieve.natives.CpuLibrary", false, NativeLibrary.class.getClassLoader());
    Set<String> names = new HashSet<>();
    for (Method method : library.getMethods()) {
      names.add(method.getName());
    }
    return names;
  }

  private String text(String place) {
    return tree.files(".cpp").stream()
        .filter(file -> tree.name(file).startsWith(place))
        .map(tree::text)
        .collect(Collectors.joining("\n"));
  }
}
