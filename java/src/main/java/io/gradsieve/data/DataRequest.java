package io.gradsieve.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What to open and how.
 *
 * @param data a known name or a path, as given to {@code --data}
 * @param purpose what for
 * @param rules those of a model; empty: made from the data
 * @param dataDirectory where known sets are looked for first ({@code --data-dir})
 * @param label column of the class ({@code --label}); empty: the model's, {@code label}, else the
 *     last
 * @param id column of names ({@code --id})
 * @param weight column of user weights ({@code --weight})
 * @param ignore columns left out ({@code --ignore})
 */
public record DataRequest(
    String data,
    Purpose purpose,
    Optional<Schema> rules,
    Optional<Path> dataDirectory,
    Optional<String> label,
    Optional<String> id,
    Optional<String> weight,
    List<String> ignore) {

  /** What the data is for. */
  public enum Purpose {
    /** Labels are needed, of two classes at least, and a training part. */
    TRAIN,
    /** Labels are needed. */
    EVALUATE,
    /** Labels are not looked at. */
    PREDICT,
    /** Labels are needed; nothing is learned, so it does not matter whether anything could be. */
    COPY
  }

  public DataRequest {
    ignore = List.copyOf(ignore);
  }

  private static DataRequest of(String data, Purpose purpose, Optional<Schema> rules) {
    return new DataRequest(
        data,
        purpose,
        rules,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of());
  }

  /** To train on, rules made from the data. */
  public static DataRequest train(String data) {
    return of(data, Purpose.TRAIN, Optional.empty());
  }

  /** To look at or evaluate, rules made from the data; add a model's with {@link #withRules}. */
  public static DataRequest evaluate(String data) {
    return of(data, Purpose.EVALUATE, Optional.empty());
  }

  /** To predict with a model's rules; labels are not looked at. */
  public static DataRequest predict(String data, Schema rules) {
    return of(data, Purpose.PREDICT, Optional.of(rules));
  }

  public DataRequest withRules(Schema value) {
    return new DataRequest(
        data, purpose, Optional.of(value), dataDirectory, label, id, weight, ignore);
  }

  public DataRequest withDataDirectory(Path value) {
    return new DataRequest(data, purpose, rules, Optional.of(value), label, id, weight, ignore);
  }

  public DataRequest withLabel(String value) {
    return new DataRequest(
        data, purpose, rules, dataDirectory, Optional.of(value), id, weight, ignore);
  }

  public DataRequest withId(String value) {
    return new DataRequest(
        data, purpose, rules, dataDirectory, label, Optional.of(value), weight, ignore);
  }

  public DataRequest withWeight(String value) {
    return new DataRequest(
        data, purpose, rules, dataDirectory, label, id, Optional.of(value), ignore);
  }

  public DataRequest withIgnore(List<String> value) {
    return new DataRequest(data, purpose, rules, dataDirectory, label, id, weight, value);
  }

  /** Whether a column was named, which only a CSV file can follow. */
  public boolean namesColumns() {
    return label.isPresent() || id.isPresent() || weight.isPresent() || !ignore.isEmpty();
  }

  /** Class names as the rules have them; empty: the data's own. */
  public Optional<List<String>> classes() {
    return rules.map(Schema::classes).filter(names -> !names.isEmpty());
  }

  /** Whether labels are read. */
  public boolean labelled() {
    return purpose != Purpose.PREDICT;
  }
}
