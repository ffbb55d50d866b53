import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Sorts the functions and members in JavaCPP's generated sources by name. The generator writes them
 * in the order of {@code Class.getDeclaredMethods()}, which changes from run to run; sorted, the
 * same header gives the same library.
 */
public final class SortGlue {
  private static final String FUNCTION = "JNIEXPORT ";
  private static final String MEMBERS = "        { \"sizeof\", ";
  private static final String OFFSETS = "        { sizeof(";

  /**
   * {@code SortGlue FROM TO}; a file that has not changed keeps its time, so that nothing is
   * compiled again.
   */
  public static void main(String[] directories) throws IOException {
    Path to = Files.createDirectories(Path.of(directories[1]));
    try (var files = Files.newDirectoryStream(Path.of(directories[0]), "*.cpp")) {
      for (Path file : files) {
        Path target = to.resolve(file.getFileName());
        List<String> lines = sorted(Files.readAllLines(file));
        if (!Files.exists(target)
            || !String.join("\n", lines).equals(String.join("\n", Files.readAllLines(target)))) {
          Files.write(target, lines);
        }
      }
    }
  }

  /**
   * Runs of top-level JNIEXPORT functions, each sorted by its first line; all else stays where it
   * is.
   */
  private static List<String> sorted(List<String> lines) {
    List<String> result = new ArrayList<>();
    List<String> functions = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.startsWith(FUNCTION) && line.contains(" Java_") && line.endsWith("{")) {
        StringBuilder function = new StringBuilder(line);
        while (!lines.get(i).equals("}")) {
          function.append('\n').append(lines.get(++i));
        }
        functions.add(function.toString());
      } else if (!functions.isEmpty() && line.isBlank()) {
        continue;
      } else {
        flush(functions, result);
        result.add(line.startsWith(MEMBERS) || line.startsWith(OFFSETS) ? row(line) : line);
      }
    }
    flush(functions, result);
    return result;
  }

  /**
   * One structure's row of member names, or of their offsets: both come into the order of the
   * names.
   */
  private static String row(String line) {
    int open = line.indexOf('{') + 1;
    int close = line.indexOf('}');
    List<String> members = new ArrayList<>();
    for (String member : line.substring(open, close).split(", (?=\"|offsetof)")) {
      members.add(member.strip());
    }
    Collections.sort(members.subList(1, members.size()));
    return line.substring(0, open) + " " + String.join(", ", members) + " " + line.substring(close);
  }

  private static void flush(List<String> functions, List<String> result) {
    Collections.sort(functions);
    result.addAll(functions);
    functions.clear();
  }
}
