package io.gradsieve.backend;

import java.util.Locale;
import java.util.OptionalInt;

/**
 * A device as users name it: {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:1}.
 *
 * @param number of a GPU, from 0; empty: the first, and of other devices
 */
public record DeviceName(Kind kind, OptionalInt number) {
  /** Kinds of devices. */
  public enum Kind {
    /** The best there is. */
    AUTO,
    CPU,
    CUDA
  }

  public static final DeviceName AUTO = new DeviceName(Kind.AUTO, OptionalInt.empty());
  public static final DeviceName CPU = new DeviceName(Kind.CPU, OptionalInt.empty());

  private static final String NAMES = "auto|cpu|cuda(:[0-9]{1,4})?";

  public DeviceName {
    if (number.isPresent() && (kind != Kind.CUDA || number.getAsInt() < 0)) {
      throw new IllegalArgumentException(kind + " has no number " + number.getAsInt());
    }
  }

  /** The GPU of that number, from 0. */
  public static DeviceName cuda(int number) {
    return new DeviceName(Kind.CUDA, OptionalInt.of(number));
  }

  /** What a name says; throws {@link IllegalArgumentException} for one that is none. */
  public static DeviceName parse(String name) {
    if (!name.matches(NAMES)) {
      throw new IllegalArgumentException("no device is named '" + name + "'");
    }
    int colon = name.indexOf(':');
    if (colon > 0) {
      return cuda(Integer.parseInt(name.substring(colon + 1)));
    }
    return new DeviceName(Kind.valueOf(name.toUpperCase(Locale.ROOT)), OptionalInt.empty());
  }

  /** The name, as {@link #parse} takes it. */
  @Override
  public String toString() {
    String name = kind.name().toLowerCase(Locale.ROOT);
    return number.isPresent() ? name + ":" + number.getAsInt() : name;
  }
}
