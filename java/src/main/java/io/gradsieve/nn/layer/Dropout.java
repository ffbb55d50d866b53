package io.gradsieve.nn.layer;

import io.gradsieve.graph.Kind;
import java.util.List;
import java.util.Map;

/** Dropout of single elements in training, PyTorch's {@code Dropout} (Srivastava et al. 2014). */
public record Dropout(double p) implements Layer {
  static final String NAME = "dropout";

  @Override
  public String kind() {
    return NAME;
  }

  @Override
  public Map<String, Object> options() {
    return Map.of("p", p);
  }

  @Override
  public Shape describe(Shape in, String name, ParameterList.Builder parameters) {
    return in;
  }

  @Override
  public int lower(Lowering lowering, int in, String name) {
    Kind kind = new Kind.Dropout(p, lowering.count(Kind.Dropout.class));
    return lowering.add(name, kind, List.of(in), lowering.shape(in));
  }
}
