package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The names of the arrays in an archive: which are read, and what others are meant to be. */
final class NpzNames {
  /** What is read, and how else people call it, in lower case; arr_0 if no name was given. */
  private enum Read {
    X(
        "x_train",
        "train_x",
        "xtrain",
        "x_tr",
        "train_images",
        "images_train",
        "train_data",
        "data_train",
        "train_features",
        "images",
        "image",
        "imgs",
        "data",
        "features",
        "inputs",
        "input",
        "samples",
        "train",
        "arr_0"),
    Y(
        "y_train",
        "train_y",
        "ytrain",
        "y_tr",
        "train_labels",
        "labels_train",
        "train_targets",
        "labels",
        "label",
        "targets",
        "target",
        "classes",
        "class",
        "arr_1"),
    X_TEST(
        "test_x",
        "xtest",
        "x_te",
        "test_images",
        "images_test",
        "test_data",
        "data_test",
        "test_features",
        "test",
        "x_val",
        "x_valid",
        "val_x",
        "val_images",
        "arr_2"),
    Y_TEST(
        "test_y",
        "ytest",
        "y_te",
        "test_labels",
        "labels_test",
        "test_targets",
        "y_val",
        "y_valid",
        "val_y",
        "val_labels",
        "arr_3");

    private final List<String> others;

    Read(String... others) {
      this.others = List.of(others);
    }

    /** As it is spelled in an archive. */
    String array() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** The array that is meant, by its own name first. */
    Optional<String> among(Collection<String> names) {
      if (names.contains(array())) {
        return Optional.of(array());
      }
      List<String> wanted = new ArrayList<>(List.of(array()));
      wanted.addAll(others);
      for (String one : wanted) {
        for (String name : names) {
          if (name.toLowerCase(Locale.ROOT).replaceAll("[ .-]", "_").equals(one)) {
            return Optional.of(name);
          }
        }
      }
      return Optional.empty();
    }
  }

  private static final int MOST_NAMED = 8;

  private NpzNames() {}

  /**
   * The message for an array that is missing, with the line of numpy that renames what is there.
   */
  static BadData missing(Path file, Collection<String> names, String wanted) {
    List<String> renamed = new ArrayList<>();
    boolean found = false;
    for (Read read : Read.values()) {
      Optional<String> meant = read.among(names);
      found |= meant.isPresent() && read.array().equals(wanted);
      meant.ifPresent(name -> renamed.add(read.array() + "=d['" + ByteSource.oneLine(name) + "']"));
    }
    return new BadData(
        file
            + ": has no array "
            + wanted
            + (names.isEmpty() ? "" : ", but " + Examples.quoted(names, MOST_NAMED))
            + (found
                ? "; rename them: d = numpy.load(file); numpy.savez(new, "
                    + String.join(", ", renamed)
                    + ")"
                : wanted.equals("y_test")
                    ? "; save the labels of x_test as well, or leave x_test out"
                    : "; save inputs and labels with numpy.savez(file, x=x, y=y)"));
  }

  /** What to tell of arrays that are not read. */
  static Optional<String> unread(Path file, Collection<String> names) {
    List<String> read = new ArrayList<>(List.of("x", "y"));
    if (names.contains("x_test")) {
      read.addAll(List.of("x_test", "y_test"));
    }
    List<String> left = names.stream().filter(name -> !read.contains(name)).toList();
    return left.isEmpty()
        ? Optional.empty()
        : Optional.of(
            file
                + ": "
                + Examples.quoted(left, MOST_NAMED)
                + " not read; x, y, x_test and y_test (with x_test) are");
  }
}
