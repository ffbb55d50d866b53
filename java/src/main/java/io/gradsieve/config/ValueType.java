package io.gradsieve.config;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.backend.Precision;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * What the text of an option may be, and the value it stands for.
 *
 * @param label the placeholder in help: {@code N}, {@code FILE}, {@code on|off}
 * @param expected completes "must be …"
 * @param choices the only texts allowed; empty: no such list
 * @param use what the command does with it
 * @param parser throws {@link IllegalArgumentException} for any text that is not expected
 * @param printer the canonical text of a value
 */
public record ValueType<T>(
    String label,
    String expected,
    List<String> choices,
    Use use,
    Function<String, T> parser,
    Function<T, String> printer) {
  private static final List<String> YES = List.of("true", "yes", "y", "on", "1");
  private static final List<String> NO = List.of("false", "no", "n", "off", "0");

  /** What a value is to its command. */
  public enum Use {
    VALUE,
    /** True without a text on the command line, {@code true} or {@code false} as a key. */
    FLAG,
    /** Given again, it adds. */
    LIST,
    /** A directory where something may be looked for. */
    PLACE,
    /** A file that is read. */
    INPUT,
    /** A known name, or a file or a whole directory that is read. */
    DATA,
    /** A known name, or as {@link #TRAINED}. */
    MODEL,
    /** A file or directory of a run, or the run, that is read with what belongs to it. */
    TRAINED,
    /** A file that is written. */
    OUTPUT,
    /** A directory whose files, as its manifest lists them, are written. */
    OUTPUT_DIRECTORY;

    /** Whether it names a file or directory. */
    boolean path() {
      return compareTo(PLACE) >= 0;
    }
  }

  /** Any text but none. */
  static ValueType<String> text(String label) {
    return path(label, Use.VALUE);
  }

  /** The name of a file or directory. */
  static ValueType<String> path(String label, Use use) {
    return new ValueType<>(
        label,
        "a value",
        List.of(),
        use,
        text -> {
          require(!text.isBlank());
          return text;
        },
        Function.identity());
  }

  /** {@code true} or {@code false}. */
  static ValueType<Boolean> truth() {
    return new ValueType<>(
        "", "true or false", List.of("true", "false"), Use.FLAG, "true"::equals, String::valueOf);
  }

  /** {@code on} or {@code off}. */
  static ValueType<Boolean> onOff() {
    return new ValueType<>(
        "on|off",
        "on or off",
        List.of("on", "off"),
        Use.VALUE,
        "on"::equals,
        value -> value ? "on" : "off");
  }

  /** One of a few names. */
  static ValueType<String> choice(String... names) {
    String label = String.join("|", names);
    return new ValueType<>(
        label,
        "one of " + label,
        List.of(names),
        Use.VALUE,
        Function.identity(),
        Function.identity());
  }

  /** One of a closed set. */
  static <E extends Enum<E>> ValueType<E> choice(Class<E> all, Function<E, String> key) {
    return choice(List.copyOf(EnumSet.allOf(all)), key);
  }

  /** One of some values of a closed set; {@code key} is the text of each. */
  static <E extends Enum<E>> ValueType<E> choice(List<E> values, Function<E, String> key) {
    List<String> names = values.stream().map(key).toList();
    String label = String.join("|", names);
    return new ValueType<>(
        label,
        "one of " + label,
        names,
        Use.VALUE,
        text -> values.stream().filter(v -> key.apply(v).equals(text)).findFirst().orElseThrow(),
        key);
  }

  /** {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:N}. */
  static ValueType<DeviceName> device() {
    return of(
        "auto|cpu|cuda[:n]",
        "auto, cpu, cuda, or cuda:N for the GPU of that number from 0 on",
        DeviceName::parse,
        DeviceName::toString);
  }

  /** A precision; what is named but not there yet says so. */
  static ValueType<Precision> precision() {
    return new ValueType<>(
        "fp32|tf32|bf16",
        "fp32 or tf32",
        List.of("fp32", "tf32", "bf16"),
        Use.VALUE,
        text -> {
          if (text.equals("bf16")) {
            throw new GradsieveException.Usage(
                "--precision bf16: comes with a later version; take fp32 or tf32");
          }
          return Precision.valueOf(text.toUpperCase(Locale.ROOT));
        },
        Precision::key);
  }

  /** A whole number from {@code least} on. */
  static ValueType<Integer> whole(int least) {
    return whole(least, Integer.MAX_VALUE);
  }

  /** A whole number from {@code least} to {@code most}. */
  static ValueType<Integer> whole(int least, int most) {
    return of(
        "N",
        "a whole number from " + least + " to " + most,
        text -> {
          require(text.matches("[+-]?[0-9]{1,18}"));
          long value = Long.parseLong(text);
          require(value >= least && value <= most);
          return (int) value;
        },
        String::valueOf);
  }

  /** A whole number from 1 on, or {@code auto}, which is 0. */
  static ValueType<Integer> wholeOrAuto() {
    ValueType<Integer> whole = whole(1);
    return of(
        "N|auto",
        whole.expected + ", or auto",
        text -> text.equals("auto") ? 0 : whole.parser.apply(text),
        value -> value == 0 ? "auto" : String.valueOf(value));
  }

  /** A whole number of 64 bits. */
  static ValueType<Long> seed() {
    return of(
        "N",
        "a whole number of 64 bits",
        text -> {
          require(text.matches("[+-]?[0-9]{1,19}"));
          return Long.parseLong(text);
        },
        String::valueOf);
  }

  /**
   * A finite number between bounds; {@code range} is the words for them, for instance "in [0, 1)".
   */
  static ValueType<Double> number(
      String range, double least, boolean open, double most, boolean openMost) {
    return of(
        "F",
        "a number " + range,
        text -> {
          require(text.matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?"));
          double value = Double.parseDouble(text);
          require(open ? value > least : value >= least);
          require(openMost ? value < most : value <= most);
          return value;
        },
        ValueType::plain);
  }

  /** Seconds between bounds. */
  static ValueType<Double> seconds(double least, double most) {
    ValueType<Double> number =
        number(
            "of seconds, %s to %s".formatted(plain(least), plain(most)), least, false, most, false);
    return of("S", number.expected, number.parser, number.printer);
  }

  /** Whole seconds between bounds, as hours, minutes and seconds: {@code 1h30m}. */
  static ValueType<Duration> duration(Duration least, Duration most) {
    return of(
        "TIME",
        "a time such as 30s, 5m or 1h, from %s to %s".formatted(printed(least), printed(most)),
        text -> {
          require(text.matches("([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?") && !text.isEmpty());
          Duration time = Duration.parse("PT" + text);
          require(time.compareTo(least) >= 0 && time.compareTo(most) <= 0);
          return time;
        },
        ValueType::printed);
  }

  private static String printed(Duration time) {
    return time.toString().substring("PT".length()).toLowerCase(Locale.ROOT);
  }

  /** A finite number above zero. */
  static ValueType<Double> positive() {
    return number("above 0", 0, true, Double.MAX_VALUE, false);
  }

  /** A finite number above zero, or {@code off}, which is 0. */
  static ValueType<Double> positiveOrOff() {
    ValueType<Double> number = positive();
    return of(
        "F",
        "a number above 0, or off",
        text -> text.equals("off") ? 0.0 : number.parser.apply(text),
        value -> value == 0 ? "off" : plain(value));
  }

  /** Names between commas, none empty; one with a comma in double quotes. */
  static ValueType<List<String>> names(String label) {
    return new ValueType<>(
        label,
        "names between commas, one that has a comma in double quotes",
        List.of(),
        Use.LIST,
        NameList::parse,
        NameList::print);
  }

  /** A type given by its parser, which throws {@link IllegalArgumentException}. */
  static <T> ValueType<T> of(
      String label, String expected, Function<String, T> parser, Function<T, String> printer) {
    return new ValueType<>(label, expected, List.of(), Use.VALUE, parser, printer);
  }

  /** Throws {@link IllegalArgumentException} unless the text is one of this type. */
  public T parse(String text) {
    require(choices.isEmpty() || choices.contains(text));
    return parser.apply(text);
  }

  /** Whether it needs no text on the command line. */
  public boolean flag() {
    return use == Use.FLAG;
  }

  /** The choice that a text which is none was meant as, if that can be told. */
  Optional<String> meant(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    for (List<String> words : List.of(YES, NO)) {
      if (words.contains(lower) && choices.stream().anyMatch(words::contains)) {
        return choices.stream().filter(words::contains).findFirst();
      }
    }
    return choices.size() < 2 ? Optional.empty() : GradsieveException.near(text, choices);
  }

  private static void require(boolean condition) {
    if (!condition) {
      throw new IllegalArgumentException();
    }
  }

  /** A double without an exponent where that is short: every YAML reader takes it as a number. */
  private static String plain(double value) {
    String exact = new BigDecimal(Double.toString(value)).toPlainString();
    if (exact.length() > 24) {
      return Double.toString(value).toLowerCase(Locale.ROOT);
    }
    return exact.contains(".") ? exact.replaceFirst("\\.?0+$", "") : exact;
  }
}
