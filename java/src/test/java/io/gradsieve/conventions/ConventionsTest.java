package io.gradsieve.conventions;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Conventions that a text search can check. A failure reads {@code file:line: rule, do this}. */
class ConventionsTest {
  private static final int LARGEST_FILE = 400;

  /** Lines of the method that is training. */
  private static final int LARGEST_LOOP = 40;

  /** Of the engine's lines, for a package with its subpackages. */
  private static final double LARGEST_SHARE = 0.15;

  /**
   * Each device is a room of its own, and a machine has one in use: their sum says nothing. The
   * same holds for what workers of a job have: a protocol, its sockets, each way to add gradients.
   */
  private static final Set<String> COUNTED_ALONE = Set.of("backend", "dist");

  private final SourceTree tree = SourceTree.here();

  @Test
  void namesSayWhatAThingIs() {
    noLine(
        "\\b(class|interface|record|enum|struct)\\s+\\w*(Manager|Helper|Utils?|Impl)\\b",
        everything(),
        "a name that says nothing, use the field's own word for what it does",
        ".java",
        ".cpp",
        ".h");
    noLine(
        "\\b(data|tmp|temp|foo|bar|obj)[0-9]+\\b",
        everything(),
        "a numbered name, say what sets it apart",
        ".java",
        ".cpp",
        ".h");
  }

  @Test
  void nothingIsLeftForLater() {
    noLine(
        "\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b",
        everything(),
        "a leftover, do it now or open an issue",
        ".java",
        ".cpp",
        ".h",
        ".txt",
        ".cmake",
        ".xml",
        ".md",
        ".sh",
        ".py");
  }

  @Test
  void noFileIsTwoIdeas() {
    List<String> violations = new ArrayList<>();
    for (Path file : tree.files(".java", ".cpp", ".h")) {
      int lines = tree.lines(file).size();
      if (lines > LARGEST_FILE) {
        violations.add(
            "%s:%d: more than %d lines, split it by idea"
                .formatted(tree.name(file), lines, LARGEST_FILE));
      }
    }
    assertThat(violations).isEmpty();
  }

  @Test
  void theLoopIsReadOnOneScreen() {
    List<String> file = tree.lines(tree.file("java/src/main/java/io/gradsieve/train/Trainer.java"));
    List<String> loop = file.subList(file.indexOf("  private void loop() {"), file.size());
    loop = loop.subList(0, loop.indexOf("  }") + 1);
    assertThat(loop).hasSizeLessThanOrEqualTo(LARGEST_LOOP);
    assertThat(String.join("\n", loop))
        .containsSubsequence(
            "load",
            "forward(",
            "choose(",
            "backward(",
            "reduce",
            "update(",
            "record(",
            "evaluate(");
  }

  @Test
  void noPackageHoldsMoreThanItsShareOfTheEngine() {
    Path engine = tree.file("java/src/main/java/io/gradsieve");
    Map<String, Integer> lines = new TreeMap<>();
    int all = 0;
    for (Path file : tree.files(".java")) {
      if (file.startsWith(engine)) {
        int here = tree.lines(file).size();
        Path home = engine.relativize(file).getParent();
        for (Path room = home; room != null; room = room.getParent()) {
          if (room.equals(home) || !COUNTED_ALONE.contains(room.toString())) {
            lines.merge(room.toString(), here, Integer::sum);
          }
        }
        all += here;
      }
    }
    double most = LARGEST_SHARE * all;
    lines.values().removeIf(here -> here <= most);
    assertThat(lines).as("packages of more than %.0f lines, subpackages included", most).isEmpty();
  }

  @Test
  void everyPackageIntroducesItself() {
    List<String> violations = new ArrayList<>();
    for (Path file : tree.files(".java")) {
      if (!file.toString().contains("/src/main/java/") || isOfAUser(file)) {
        continue;
      }
      Path introduction = file.resolveSibling("package-info.java");
      String text = Files.exists(introduction) ? tree.text(introduction) : "";
      String flowing = text.replaceAll("[\\s*]+", " ").toLowerCase(Locale.ROOT);
      for (String needed : List.of("@nullmarked", " use", " never ", " read {@")) {
        if (!flowing.contains(needed)) {
          violations.add(
              "%s:1: lacks \"%s\", say what the package holds, may use, never does and what to read first"
                  .formatted(tree.name(introduction), needed.strip()));
        }
      }
    }
    assertThat(violations.stream().distinct()).isEmpty();
  }

  @Test
  void onlyTheCommandLinePrints() {
    noLine(
        "System\\.(out|err)\\b",
        file -> engine(file) && !file.contains("/io/gradsieve/cli/"),
        "printing outside cli, return the value or log it",
        ".java");
    noLine(
        "\\.printStackTrace\\(\\)",
        ConventionsTest::engine,
        "a printed stack trace, throw or log it",
        ".java");
  }

  @Test
  void everyDrawIsCounterBased() {
    noLine(
        "\\b(java\\.util\\.(Random|concurrent\\.ThreadLocalRandom)|Math\\.random|SplittableRandom)\\b",
        ConventionsTest::engine,
        "a stream of random numbers, use RandomBits",
        ".java");
    noLine(
        "\\b(rand|srand|drand48)\\(|std::mt19937|<random>",
        file -> file.contains("/native/src/"),
        "a stream of random numbers, use random_bits.h",
        ".cpp",
        ".h");
  }

  @Test
  void testsDoNotSleep() {
    noLine(
        "Thread\\.sleep\\(",
        file -> file.contains("/src/test/"),
        "a test that sleeps, wait for the event itself",
        ".java");
  }

  @Test
  void nothingNativePrintsOrExits() {
    noLine(
        "\\b(printf|puts|abort|exit)\\(|std::cout|std::cerr",
        file -> file.contains("/native/src/") && !file.endsWith(".java"),
        "native code that prints or exits, return a status",
        ".cpp",
        ".h");
  }

  @Test
  void everyNativeFileSaysWhatItHolds() {
    List<String> violations = new ArrayList<>();
    for (Path file : tree.files(".cpp", ".h")) {
      Path header = file.resolveSibling(file.getFileName().toString().replace(".cpp", ".h"));
      if (!tree.text(file).startsWith("/*") && (header.equals(file) || !Files.exists(header))) {
        violations.add(
            tree.name(file) + ":1: no header comment, begin with formula, shapes, = or +=");
      }
    }
    assertThat(violations).isEmpty();
  }

  private static Predicate<String> everything() {
    return file -> true;
  }

  /** The program that uses the artifacts is written as anybody's. */
  private static boolean isOfAUser(Path file) {
    return file.toString().contains("/bench/consumer/");
  }

  private static boolean engine(String file) {
    return file.contains("/src/main/java/") && !file.contains("/bench/");
  }

  private void noLine(String pattern, Predicate<String> where, String rule, String... endings) {
    Pattern banned = Pattern.compile(pattern);
    List<String> violations = new ArrayList<>();
    for (Path file : tree.files(endings)) {
      if (!where.test(file.toString())) {
        continue;
      }
      List<String> lines = tree.lines(file);
      for (int i = 0; i < lines.size(); i++) {
        if (banned.matcher(lines.get(i)).find()) {
          violations.add("%s:%d: %s".formatted(tree.name(file), i + 1, rule));
        }
      }
    }
    assertThat(violations).isEmpty();
  }
}
