package io.gradsieve.backend.cuda;

import io.gradsieve.backend.Resources;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * What is dear to make, made once for each key; the one that was not asked for longest is closed
 * where there would be too many.
 *
 * @param <K> what it is made of
 * @param <V> what is kept
 */
final class Recent<K, V extends AutoCloseable> implements AutoCloseable {
  private static final float LOAD = 0.75f;

  private final int most;
  private final Function<K, V> maker;
  private final Map<K, V> kept = new LinkedHashMap<>(16, LOAD, true);

  /** Keeps at most so many. */
  Recent(int most, Function<K, V> maker) {
    this.most = most;
    this.maker = maker;
  }

  V get(K key) {
    V known = kept.get(key);
    if (known == null) {
      if (kept.size() == most) {
        Iterator<V> oldest = kept.values().iterator();
        V gone = oldest.next();
        oldest.remove();
        close(gone);
      }
      known = maker.apply(key);
      kept.put(key, known);
    }
    return known;
  }

  Iterable<V> values() {
    return kept.values();
  }

  /** Closes all. */
  @Override
  public void close() {
    Resources resources = new Resources();
    kept.values().forEach(value -> resources.add(() -> close(value)));
    kept.clear();
    resources.close();
  }

  private static void close(AutoCloseable value) {
    try {
      value.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
