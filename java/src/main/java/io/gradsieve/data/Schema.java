package io.gradsieve.data;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The rules by which a file becomes numbers, fixed when training starts and stored in {@code
 * model.yaml} under {@code normalize}, {@code classes} and {@code columns}.
 *
 * @param normalize mean and deviation per channel; empty for float32, which is used as it is
 * @param classes class names, K of them; none: the data's own, for rules that know of no class
 * @param columns columns of a CSV file in its order; empty for all other data
 */
public record Schema(Optional<Normalize> normalize, List<String> classes, List<Column> columns) {
  public Schema {
    classes = List.copyOf(classes);
    columns = List.copyOf(columns);
  }

  /** The rules of a model file that states none: float32 as it is, class k is named {@code k}. */
  public static Schema plain(int classes) {
    return new Schema(Optional.empty(), indexNames(classes), List.of());
  }

  /** Names "0" to "K-1". */
  static List<String> indexNames(int classes) {
    return IntStream.range(0, classes).mapToObj(Integer::toString).toList();
  }

  /**
   * Per input channel (a CSV file's: per input feature, 0 and 1 for those of a category), C entries
   * each: uint8 values are divided by 255 first; then minus mean, divided by deviation, which is
   * positive.
   */
  public record Normalize(List<Double> mean, List<Double> deviation) {
    /**
     * Stands for the deviation of what never varied in training: whatever is there later becomes
     * next to nothing, so that weights which no sample has trained decide nothing. A float32 holds
     * it.
     */
    public static final double NEVER_VARIED = 1e30;

    public Normalize {
      mean = List.copyOf(mean);
      deviation = List.copyOf(deviation);
      if (mean.size() != deviation.size()) {
        throw new IllegalArgumentException(
            "mean has " + mean.size() + " entries, deviation " + deviation.size());
      }
    }

    /** What a uint8 value v is multiplied by, [C]: 1 / (255·deviation). */
    public float[] byteScale() {
      float[] scale = new float[mean.size()];
      for (int c = 0; c < scale.length; c++) {
        scale[c] = (float) (1 / (255 * deviation.get(c)));
      }
      return scale;
    }

    /** What is added after {@link #byteScale}, [C]: −mean / deviation. */
    public float[] byteShift() {
      float[] shift = new float[mean.size()];
      for (int c = 0; c < shift.length; c++) {
        shift[c] = (float) (-mean.get(c) / deviation.get(c));
      }
      return shift;
    }
  }

  /** What a CSV column is. */
  public enum Role {
    NUMBER,
    CATEGORY,
    LABEL,
    ID,
    IGNORE,
    WEIGHT
  }

  /**
   * A CSV column.
   *
   * @param categories the values of a category, sorted, one input feature each; empty for every
   *     other role
   */
  public record Column(String name, Role role, List<String> categories) {
    public Column {
      categories = List.copyOf(categories);
    }

    /** Input features this column makes. */
    public int features() {
      return switch (role) {
        case NUMBER -> 1;
        case CATEGORY -> categories.size();
        default -> 0;
      };
    }
  }
}
