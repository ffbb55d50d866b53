package io.gradsieve.data.reader;

import io.gradsieve.data.reader.ImageListing.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * Sorts the files of an image folder into the images that are read and all others, which are
 * counted and named by kind: nothing is left out without a word but names that begin with a dot and
 * what Windows and macOS leave behind. {@code train} and {@code test} may be written in any case.
 */
final class FolderFiles {
  static final String TRAIN = "train";
  static final String TEST = "test";

  private static final Set<String> IMAGES = Set.of("png", "jpg", "jpeg");
  private static final Set<String> OTHER_FORMATS =
      Set.of(
          "webp", "bmp", "tif", "tiff", "gif", "heic", "heif", "avif", "jp2", "j2k", "jxl", "jfif",
          "jpe", "ico", "svg", "psd", "ppm", "pgm", "pbm", "pnm", "tga", "dng", "cr2", "nef",
          "arw");
  private static final Set<String> VALIDATION = Set.of("val", "valid", "validation", "dev", "eval");
  private static final Set<String> LEFT_BEHIND = Set.of("thumbs.db", "desktop.ini");
  private static final int NAMED = 3;

  private final boolean labelled;
  private final boolean anywhere;
  private final List<Entry> images = new ArrayList<>();
  private final Set<String> classes = new TreeSet<>();
  private final Set<String> emptyClasses = new TreeSet<>();
  private final Set<String> beside = new TreeSet<>();
  private final Examples otherFormats = new Examples(NAMED);
  private final Examples otherFiles = new Examples(NAMED);
  private final Examples loose = new Examples(NAMED);
  private final Examples nested = new Examples(NAMED);
  private final Examples broken = new Examples(NAMED);
  private final Examples deep = new Examples(NAMED);

  /**
   * For paths of which {@code tops} are the first names; without labels and parts, images anywhere
   * are read.
   */
  FolderFiles(boolean labelled, Set<String> tops) {
    this.labelled = labelled;
    this.anywhere = !labelled && tops.stream().noneMatch(FolderFiles::isPart);
  }

  /** Whether all directories are searched. */
  boolean anywhere() {
    return anywhere;
  }

  static boolean isPart(String name) {
    return name.equalsIgnoreCase(TRAIN) || name.equalsIgnoreCase(TEST);
  }

  /** The first name of a path if it is a directory's, else empty. */
  static String top(String path) {
    return path.substring(0, Math.max(0, path.indexOf('/')));
  }

  static boolean isImage(String path) {
    return IMAGES.contains(ending(path));
  }

  private static String ending(String path) {
    return path.substring(path.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
  }

  /** Whether a path is passed over without a word. */
  static boolean isSilent(String path) {
    for (String name : path.split("/")) {
      if (name.startsWith(".")
          || name.equals("__MACOSX")
          || LEFT_BEHIND.contains(name.toLowerCase(Locale.ROOT))) {
        return true;
      }
    }
    return false;
  }

  /** A file that is there. */
  void add(Entry file) {
    String path = file.path();
    String top = top(path);
    if (isSilent(path)) {
      return;
    }
    if (!anywhere && !top.isEmpty() && !isPart(top)) {
      beside.add(top);
    } else if (!isImage(path)) {
      (OTHER_FORMATS.contains(ending(path)) ? otherFormats : otherFiles).add(path);
    } else if (anywhere) {
      images.add(file);
    } else {
      addToPart(file, path.indexOf('/', top.length() + 1));
    }
  }

  private void addToPart(Entry file, int classEnd) {
    String path = file.path();
    if (top(path).isEmpty() || labelled && classEnd < 0) {
      loose.add(path);
      return;
    }
    images.add(file);
    if (labelled) {
      classes.add(path.substring(0, classEnd));
      if (path.indexOf('/', classEnd + 1) > 0) {
        nested.add(path);
      }
    }
  }

  /** A directory that is there, empty or not. */
  void addDirectory(String path) {
    String top = top(path);
    if (isSilent(path)) {
      return;
    }
    if (!anywhere && top.isEmpty() && !isPart(path)) {
      beside.add(path);
    } else if (labelled && isPart(top) && path.indexOf('/', top.length() + 1) < 0) {
      emptyClasses.add(path);
    }
  }

  /** A link that leads nowhere or in a circle, or a file that is none. */
  void addBroken(String path) {
    if (!isSilent(path)) {
      broken.add(path);
    }
  }

  /** A directory too deep to be searched. */
  void addDeep(String path) {
    if (!isSilent(path)) {
      deep.add(path);
    }
  }

  /** The images that are read. */
  List<Entry> images() {
    return images;
  }

  /** A line for each kind of file that is left out, and for images that lie unexpectedly deep. */
  List<String> remarks() {
    List<String> lines = new ArrayList<>();
    tell(
        lines,
        otherFormats,
        "warning: left out " + otherFormats.counted("image", "images") + " of other formats: ",
        "; convert them to PNG or JPEG");
    tell(
        lines,
        loose,
        "warning: left out " + loose.counted("image", "images") + " in no class directory: ",
        "; move them to train/<class>/ or test/<class>/");
    tell(
        lines,
        broken,
        "warning: left out " + broken.counted("link", "links") + " leading nowhere: ",
        "; mend or delete them");
    tell(
        lines,
        deep,
        "warning: left out " + deep.counted("directory", "directories") + " too deep: ",
        "; move their images up");
    Examples empty = new Examples(NAMED);
    emptyClasses.stream().filter(c -> !classes.contains(c)).forEach(empty::add);
    tell(
        lines,
        empty,
        "warning: " + empty.counted("directory", "directories") + " without images, no class: ",
        "; fill or delete them");
    tellBeside(lines);
    tell(
        lines,
        otherFiles,
        "left out "
            + otherFiles.counted("file that is no image", "files that are no images")
            + ": ",
        "");
    tell(
        lines,
        nested,
        nested.counted("image", "images") + " deeper than train/<class>/ taken as of that class: ",
        "; a directory that is a class of its own belongs directly into train/");
    return lines;
  }

  private void tellBeside(List<String> lines) {
    Examples validation = new Examples(NAMED);
    Examples others = new Examples(NAMED);
    for (String name : beside) {
      boolean held = VALIDATION.contains(name.toLowerCase(Locale.ROOT));
      (held ? validation : others).add(name + "/");
    }
    tell(
        lines,
        validation,
        "warning: left out ",
        ": only train/ and test/ are read; name it test/ to measure on it, or hold out a part of"
            + " train/ with --validation 0.1");
    tell(lines, others, "left out ", ": only train/ and test/ are read");
  }

  private static void tell(List<String> lines, Examples found, String before, String after) {
    if (found.count() > 0) {
      lines.add(before + found.named() + after);
    }
  }

  /** What a message about a folder without images can say of it, after a semicolon; or nothing. */
  String instead() {
    List<String> lines = new ArrayList<>();
    if (!beside.isEmpty()) {
      Examples directories = new Examples(NAMED);
      beside.forEach(name -> directories.add(name + "/"));
      lines.add("its directories are " + directories.named() + ": move classes into train/");
      beside.clear();
    }
    remarks().forEach(line -> lines.add(line.replaceFirst("^warning: ", "")));
    return lines.isEmpty() ? "check the path" : String.join("; ", lines);
  }
}
