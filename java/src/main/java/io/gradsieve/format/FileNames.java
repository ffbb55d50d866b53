package io.gradsieve.format;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Names of files: UTF-8, whatever the locale, or refused in one line. Java reads and writes names
 * in the locale's characters; where those are not UTF-8 it takes two names for one, or another file
 * than was named. So there all names beyond ASCII are refused, with the variable to set. Every path
 * that a user names, and every name in a directory that becomes a sample's or a class's, comes
 * through here.
 */
public final class FileNames {
  /** What stands for bytes that are no character. */
  private static final char REPLACEMENT = '\uFFFD';

  /** Variables of the process that name directories which are read or written. */
  private static final List<String> DIRECTORIES =
      List.of("GRADSIEVE_DATA", "GRADSIEVE_NATIVE_DIR", "XDG_CACHE_HOME");

  private FileNames() {}

  /** Whether Java's names of files and arguments are UTF-8: the locale decided it at the start. */
  public static boolean utf8() {
    return "UTF-8".equalsIgnoreCase(System.getProperty("sun.jnu.encoding", "UTF-8"));
  }

  /**
   * The path that a user names; {@code what} begins the message, for instance "--out".
   *
   * @throws Usage if it can't be one here
   */
  public static Path path(String what, String text) {
    objection(text)
        .ifPresent(
            reason -> {
              throw new Usage("%s %s: %s".formatted(what, text, reason));
            });
    return Path.of(text);
  }

  /** Why a text can't be a path here; empty: it can. */
  public static Optional<String> objection(String text) {
    if (!readable(text)) {
      return Optional.of(advice());
    }
    boolean path = text.indexOf('\0') < 0 && StandardCharsets.UTF_8.newEncoder().canEncode(text);
    return path
        ? Optional.empty()
        : Optional.of("is no path: it has a character that no file's name has; correct it");
  }

  /**
   * The name of a file found below a directory, relative to that, with slashes.
   *
   * @throws BadData if it is not UTF-8, or can't be read in this locale
   */
  public static String below(Path directory, Path file) {
    String name = directory.relativize(file).toString();
    if (readable(name)) {
      return name;
    }
    // A path keeps its bytes; as a URI they are read as UTF-8 in every locale.
    String whole = file.toUri().getPath();
    throw new BadData(
        whole.indexOf(REPLACEMENT) >= 0
            ? whole + ": its name is not UTF-8; rename it"
            : whole + ": " + advice());
  }

  /**
   * Looks at the directories that a process has without naming them.
   *
   * @throws Usage if the name of one can't be read in this locale
   */
  public static void checkProcess(Map<String, String> environment) {
    refuse("the working directory", System.getProperty("user.dir", ""));
    refuse("the home directory", System.getProperty("user.home", ""));
    for (String variable : DIRECTORIES) {
      refuse("the directory in " + variable, environment.getOrDefault(variable, ""));
    }
  }

  private static void refuse(String what, String name) {
    if (!readable(name)) {
      throw new Usage(what + ": " + advice());
    }
  }

  /** A name beside the file, with this ending, that nothing has. */
  public static Path beside(Path file, String ending) {
    Path free = file.resolveSibling(file.getFileName() + ending);
    for (int i = 2; Files.exists(free, LinkOption.NOFOLLOW_LINKS); i++) {
      free = file.resolveSibling(file.getFileName() + "." + i + ending);
    }
    return free;
  }

  private static boolean readable(String name) {
    return utf8() ? name.indexOf(REPLACEMENT) < 0 : name.chars().allMatch(c -> c < 0x80);
  }

  private static String advice() {
    return utf8()
        ? "is not UTF-8; name it in UTF-8"
        : "has letters beyond ASCII, which Java can't use in names of files in this locale (%s); set LC_ALL=C.UTF-8"
            .formatted(locale(System.getenv()));
  }

  /** The variable that decided the locale, as the C library reads them. */
  private static String locale(Map<String, String> environment) {
    return List.of("LC_ALL", "LC_CTYPE", "LANG").stream()
        .filter(name -> !environment.getOrDefault(name, "").isEmpty())
        .findFirst()
        .map(name -> name + " is " + environment.get(name))
        .orElse("no locale is set");
  }
}
