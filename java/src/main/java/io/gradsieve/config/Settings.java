package io.gradsieve.config;

import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The effective value of each option of a command, and where it came from. Immutable. */
public final class Settings {
  private final Map<Option<?>, Setting<?>> settings;
  private final Optional<Path> config;

  /** {@code config} is the file that some of them came from. */
  Settings(Map<Option<?>, Setting<?>> settings, Optional<Path> config) {
    this.settings = new LinkedHashMap<>(settings);
    this.config = config;
  }

  /** Where a value came from, the strongest first. */
  public enum Source {
    COMMAND_LINE,
    SET,
    FILE,
    /** What the machine or the data decided. */
    FOUND,
    DEFAULT
  }

  /**
   * One value.
   *
   * @param origin words for it, for instance "default of digits"
   */
  public record Setting<T>(Option<T> option, T value, Source source, String origin) {
    /** The canonical text of the value. */
    public String text() {
      return option.type().printer().apply(value);
    }
  }

  /**
   * The value; only for options with a default, or checked by {@link #find} before. Allocates
   * nothing: the training loop asks in every step.
   */
  @SuppressWarnings("unchecked") // an option maps to a setting of its own type only
  public <T> T get(Option<T> option) {
    Setting<T> setting = (Setting<T>) settings.get(option);
    if (setting == null) {
      throw new IllegalStateException(option.dashed() + " has no value");
    }
    return setting.value();
  }

  /** The value, if given or with a default. */
  public <T> Optional<T> find(Option<T> option) {
    return setting(option).map(Setting::value);
  }

  /** Value and origin, if there is one. */
  @SuppressWarnings("unchecked") // an option maps to a setting of its own type only
  public <T> Optional<Setting<T>> setting(Option<T> option) {
    return Optional.ofNullable((Setting<T>) settings.get(option));
  }

  /** Whether somebody asked for it, in a file too. */
  public boolean given(Option<?> option) {
    Setting<?> setting = settings.get(option);
    return setting != null && setting.source().compareTo(Source.FILE) <= 0;
  }

  /** All that have a value, in the order of the declaration. */
  public Collection<Setting<?>> all() {
    return settings.values();
  }

  /** The same with one value in another form; who gave it stays. */
  public <T> Settings rephrased(Option<T> option, T value) {
    Map<Option<?>, Setting<?>> changed = new LinkedHashMap<>(settings);
    Setting<T> before = setting(option).orElseThrow();
    changed.put(option, new Setting<>(option, value, before.source(), before.origin()));
    return new Settings(changed, config);
  }

  /** The same but for one value, which the machine or the data decided. */
  public <T> Settings with(Option<T> option, T value, String origin) {
    Map<Option<?>, Setting<?>> changed = new LinkedHashMap<>(settings);
    changed.put(option, new Setting<>(option, value, Source.FOUND, origin));
    return new Settings(changed, config);
  }

  /** The same without a value for one option. */
  public Settings without(Option<?> option) {
    Map<Option<?>, Setting<?>> changed = new LinkedHashMap<>(settings);
    changed.remove(option);
    return new Settings(changed, config);
  }

  /**
   * The same, looked at whether an output would write over an input; whoever adds an input later
   * asks again.
   *
   * @throws io.gradsieve.GradsieveException.Usage if so
   */
  public Settings protectInputs() {
    ProtectedInputs.check(this, config);
    return this;
  }
}
