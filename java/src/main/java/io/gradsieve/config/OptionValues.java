package io.gradsieve.config;

import io.gradsieve.data.DataSource;
import io.gradsieve.nn.Models;
import io.gradsieve.sieve.Score;
import io.gradsieve.sieve.policy.Policies;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What is known of the values of an option beyond its type: the names that completion offers, and
 * what help says of their keys.
 */
public final class OptionValues {
  /** Whose keys of all policies have the usual defaults. */
  private static final String USUAL = "variance";

  private static final Map<Option<?>, List<String>> NAMES =
      Map.of(
          Options.DATA, DataSource.names(),
          Options.CHECKED_DATA, DataSource.names(),
          Options.MODEL, Models.NAMES,
          Options.TRAINED_MODEL, Models.NAMES,
          Options.SIEVE, Policies.names(),
          Options.SCORE, Score.keys(),
          Options.SCORES, Stream.concat(Stream.of("all"), Score.keys().stream()).toList());

  private static final Set<Option<?>> COLUMNS =
      Set.of(Options.LABEL, Options.ID, Options.IGNORE, Options.WEIGHT);

  private OptionValues() {}

  /** Names that the option takes, with others perhaps; empty: none is known. */
  public static List<String> names(Option<?> option) {
    return option.type().choices().isEmpty()
        ? NAMES.getOrDefault(option, List.of())
        : option.type().choices();
  }

  /** Whether a file or directory can be named too. */
  public static boolean files(Option<?> option) {
    return option.type().use().path();
  }

  /** Whether it names a column of the table in {@code --data}. */
  public static boolean columns(Option<?> option) {
    return COLUMNS.contains(option);
  }

  /** Lines that say more of its values than its words do, for help; empty: nothing. */
  public static List<String> lines(Option<?> option) {
    if (option.equals(Options.SIEVE)) {
      return sieves();
    }
    return option.equals(Options.SCORE)
        ? List.of(
            Score.FORGETTING.key() + " counts over all epochs; the others take average=0, in [0,1)")
        : List.of();
  }

  /** Each policy with its keys at their defaults; those that all have are said once. */
  private static List<String> sieves() {
    List<String> filtering = Policies.names().stream().filter(OptionValues::hasKeys).toList();
    Map<String, String> usual = Policies.keys(USUAL);
    List<String> ofAll =
        usual.keySet().stream()
            .filter(
                key -> filtering.stream().allMatch(name -> Policies.keys(name).containsKey(key)))
            .toList();
    List<String> lines = new ArrayList<>();
    for (String name : Policies.names()) {
      String own =
          Policies.keys(name).entrySet().stream()
              .filter(
                  e -> !ofAll.contains(e.getKey()) || !e.getValue().equals(usual.get(e.getKey())))
              .map(e -> e.getKey() + "=" + e.getValue())
              .collect(Collectors.joining(","));
      lines.add(own.isEmpty() ? name : name + ":" + own);
    }
    lines.add(
        "all but none take "
            + ofAll.stream()
                .map(key -> key + "=" + usual.get(key))
                .collect(Collectors.joining(", ")));
    return lines;
  }

  private static boolean hasKeys(String policy) {
    return !Policies.keys(policy).isEmpty();
  }
}
