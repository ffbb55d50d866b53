package io.gradsieve.config;

import java.util.Optional;

/**
 * One option, spelled {@code --name} on the command line and {@code name} as a key.
 *
 * @param name kebab-case, without dashes
 * @param section heading in help and configuration files
 * @param type what its text may be
 * @param fallback the default's text; empty: none
 * @param words what it does, one clause
 */
public record Option<T>(
    String name, Section section, ValueType<T> type, Optional<String> fallback, String words) {
  /** Headings, in the order of help and of configuration files. */
  public enum Section {
    COMMAND("This command"),
    DATA("Data"),
    MODEL("Model"),
    TRAINING("Training"),
    SIEVE("Sieve"),
    MACHINE("Machine"),
    RUN("Run"),
    WORKERS("Many workers"),
    OUTPUT("Output");

    private final String title;

    Section(String title) {
      this.title = title;
    }

    /** The heading. */
    public String title() {
      return title;
    }
  }

  static <T> Option<T> of(
      Section section, String name, ValueType<T> type, String fallback, String words) {
    return new Option<>(name, section, type, Optional.of(fallback), words);
  }

  static <T> Option<T> of(Section section, String name, ValueType<T> type, String words) {
    return new Option<>(name, section, type, Optional.empty(), words);
  }

  /** As on the command line: {@code --name}. */
  public String dashed() {
    return "--" + name;
  }

  @Override
  public String toString() {
    return dashed();
  }
}
