package io.gradsieve.config;

import io.gradsieve.data.Schema;
import io.gradsieve.nn.NetworkSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * The rules that turn a file into numbers, between the two places that know them: the data set and
 * {@code model.yaml}.
 */
public final class ModelRules {
  private ModelRules() {}

  /** Whether a model file states any rule. */
  public static boolean stated(NetworkSpec spec) {
    return spec.normalize().isPresent() || !spec.classes().isEmpty() || !spec.columns().isEmpty();
  }

  /**
   * The rules for reading data for this model; without any, float32 as it is and class k named
   * {@code k}.
   */
  public static Schema schema(NetworkSpec spec) {
    List<String> classes =
        spec.classes().isEmpty() ? Schema.plain(spec.outputs()).classes() : spec.classes();
    return new Schema(spec.normalize(), classes, spec.columns());
  }

  /** The names of the rules in which two differ, as a model file has them. */
  public static String differing(Schema a, Schema b) {
    List<String> names = new ArrayList<>();
    if (!a.normalize().equals(b.normalize())) {
      names.add("normalize");
    }
    if (!a.classes().equals(b.classes())) {
      names.add("classes");
    }
    if (!a.columns().equals(b.columns())) {
      names.add("columns");
    }
    return String.join(", ", names);
  }

  /** The network with the data set's rules. */
  public static NetworkSpec with(NetworkSpec spec, Schema schema) {
    return spec.with(schema.normalize(), schema.classes(), schema.columns());
  }
}
