package io.gradsieve.backend.layout;

import io.gradsieve.graph.Kind;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The kinds of nodes that a device runs, each with what it knows of it.
 *
 * @param <T> {@code T} of a kind {@code K} is made for nodes of {@code K}
 */
public final class KindTable<T> {
  private final String device;
  private final Map<Class<? extends Kind>, T> kinds = new LinkedHashMap<>();

  /** An empty table of a device, which is named where a kind is missing. */
  public KindTable(String device) {
    this.device = device;
  }

  /** Enters a kind. */
  public void enter(Class<? extends Kind> type, T known) {
    kinds.put(type, known);
  }

  /** What the device knows of a kind; one without a line is a fault of ours. */
  public T of(Kind kind) {
    T known = kinds.get(kind.getClass());
    if (known == null) {
      throw new IllegalStateException("no " + device + " operation for " + kind);
    }
    return known;
  }
}
