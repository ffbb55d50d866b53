package io.gradsieve.sieve.policy;

import io.gradsieve.GradsieveException;
import io.gradsieve.sieve.Steps;
import java.math.BigDecimal;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The {@code NAME[:key=value,…]} of {@code --sieve}. A policy's constructor asks for its own keys
 * with their defaults; every key asked for and its effective value is remembered, so that a typo is
 * noticed and the whole can be written to a configuration.
 */
public final class PolicyOptions {
  /** Which ends of [0, 1] belong to a share's range. */
  enum Range {
    ABOVE_ZERO("(0,1]"),
    BELOW_ONE("[0,1)"),
    CLOSED("[0,1]");

    private final String text;

    Range(String text) {
      this.text = text;
    }

    private boolean contains(double value) {
      return value >= 0
          && value <= 1
          && (this != ABOVE_ZERO || value > 0)
          && (this != BELOW_ONE || value < 1);
    }
  }

  /**
   * Keys that came when there were runs without them, and their defaults. At these they are not
   * said, so that such a run's configuration is still the same and it can be resumed.
   */
  private static final Map<String, String> LATER = Map.of("unscored", "keep");

  private static final Pattern NUMBER =
      Pattern.compile("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?");
  private static final Pattern WHOLE = Pattern.compile("0*[1-9][0-9]{0,8}");

  private final String name;
  private final Map<String, String> given;
  private final Steps defaultSteps;
  private final Map<String, String> effective = new LinkedHashMap<>();

  private PolicyOptions(String name, Map<String, String> given, Steps defaultSteps) {
    this.name = name;
    this.given = given;
    this.defaultSteps = defaultSteps;
  }

  /**
   * Splits a specification; names of policies and keys are not checked yet.
   *
   * @throws GradsieveException.Usage if it is not of the form {@code NAME[:key=value,…]} or a key
   *     comes twice
   */
  static PolicyOptions parse(String spec, Steps defaultSteps) {
    int colon = spec.indexOf(':');
    if (colon < 0) {
      return new PolicyOptions(spec, Map.of(), defaultSteps);
    }
    Map<String, String> given = new LinkedHashMap<>();
    for (String part : spec.substring(colon + 1).split(",", -1)) {
      int equals = part.indexOf('=');
      if (equals < 1) {
        throw new GradsieveException.Usage(
            "--sieve %s: '%s' is not key=value; write NAME:key=value,key=value"
                .formatted(spec, part));
      }
      String key = part.substring(0, equals).strip();
      if (given.put(key, part.substring(equals + 1).strip()) != null) {
        throw new GradsieveException.Usage("--sieve %s: %s is given twice".formatted(spec, key));
      }
    }
    return new PolicyOptions(spec.substring(0, colon).strip(), given, defaultSteps);
  }

  /** The policy's name as given. */
  public String name() {
    return name;
  }

  /**
   * Name and every effective value, {@code variance:keep=0.5,floor=0.1,from=2,until=1,…}, but keys
   * of {@link #LATER} at their default: parses to the same.
   */
  public String spec() {
    StringBuilder spec = new StringBuilder(name);
    effective.forEach(
        (key, value) -> {
          if (!value.equals(LATER.get(key))) {
            spec.append(spec.length() == name.length() ? ':' : ',');
            spec.append(key).append('=').append(value);
          }
        });
    return spec.toString();
  }

  /** Every key that the policy asked for, with its effective value, in that order. */
  public Map<String, String> keys() {
    return Collections.unmodifiableMap(effective);
  }

  /** A number in a range within [0, 1]. */
  double share(String key, double byDefault, Range range) {
    double value = byDefault;
    String text = given.get(key);
    if (text != null) {
      value = number(key, text);
      if (!range.contains(value)) {
        throw new GradsieveException.Usage(
            "--sieve %s: %s must lie in %s, is %s".formatted(name, key, range.text, text));
      }
    }
    effective.put(key, new BigDecimal(Double.toString(value)).stripTrailingZeros().toPlainString());
    return value;
  }

  /** What to throw where a key's value, given or by default, does not go with another's. */
  GradsieveException.Usage contradiction(String key, String why) {
    return new GradsieveException.Usage(
        "--sieve %s: %s %s, is %s".formatted(name, key, why, effective.get(key)));
  }

  private double number(String key, String text) {
    if (!NUMBER.matcher(text).matches()) {
      throw new GradsieveException.Usage(
          "--sieve %s: %s must be a number, is '%s'".formatted(name, key, text));
    }
    return Double.parseDouble(text);
  }

  /** When to filter and how to cut; every policy asks for it, after its own keys. */
  Filtering filtering(double untilByDefault) {
    int from = whole("from", 2);
    double until = share("until", untilByDefault, Range.ABOVE_ZERO);
    String text = given.get("steps");
    Steps steps = text == null ? defaultSteps : Steps.parse(text);
    effective.put("steps", steps.key());
    return new Filtering(from, until, steps, truth("relative"), truth("balanced"));
  }

  /** A value of true or false, false by default. */
  private boolean truth(String key) {
    return word(key, "false", "true").equals("true");
  }

  /** One of some words, the first by default. */
  String word(String key, String byDefault, String other) {
    String text = given.getOrDefault(key, byDefault);
    if (!text.equals(byDefault) && !text.equals(other)) {
      throw new GradsieveException.Usage(
          "--sieve %s: %s must be %s or %s, is '%s'".formatted(name, key, other, byDefault, text));
    }
    effective.put(key, text);
    return text;
  }

  /** A whole number from 1 on. */
  int whole(String key, int byDefault) {
    String text = given.getOrDefault(key, Integer.toString(byDefault));
    if (!WHOLE.matcher(text).matches()) {
      throw new GradsieveException.Usage(
          "--sieve %s: %s must be a whole number from 1 on, is '%s'".formatted(name, key, text));
    }
    int value = Integer.parseInt(text);
    effective.put(key, Integer.toString(value));
    return value;
  }

  /**
   * Called when the policy has asked for all its keys.
   *
   * @throws GradsieveException.Usage if one was given that it did not ask for
   */
  void rejectUnknown() {
    for (String key : given.keySet()) {
      if (!effective.containsKey(key)) {
        throw GradsieveException.Usage.unknown("key of --sieve " + name, key, effective.keySet());
      }
    }
  }
}
