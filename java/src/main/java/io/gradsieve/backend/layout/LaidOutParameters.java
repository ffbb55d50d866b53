package io.gradsieve.backend.layout;

import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.ParameterValues;
import java.util.List;
import java.util.Optional;

/** Values of parameters in a device's memory, laid out as its kernels read them. */
public final class LaidOutParameters implements ParameterValues {
  /** Floats looked at at a time. */
  private static final int FINITE_CHUNK = 1 << 16;

  private final Layout layout;
  private final FloatMemory memory;
  private final List<Parameter> parameters;

  private LaidOutParameters(Layout layout, FloatMemory memory, List<Parameter> parameters) {
    this.layout = layout;
    this.memory = memory;
    this.parameters = List.copyOf(parameters);
  }

  /** Of all parameters; closes the memory, of {@link Layout#floats}. */
  public static LaidOutParameters all(Layout layout, FloatMemory memory) {
    return new LaidOutParameters(layout, memory, layout.parameters());
  }

  /** Of the trainable ones; closes the memory, of {@link Layout#trainable} floats. */
  public static LaidOutParameters trainable(Layout layout, FloatMemory memory) {
    return new LaidOutParameters(
        layout, memory, layout.parameters().stream().filter(Parameter::trainable).toList());
  }

  /** How they lie. */
  public Layout layout() {
    return layout;
  }

  /** Where they begin, for native calls. */
  public long address() {
    return memory.address();
  }

  @Override
  public List<Parameter> parameters() {
    return parameters;
  }

  @Override
  public float[] read(int parameter) {
    return layout.map(check(parameter)).outside(inside(parameter));
  }

  /** Everything from the parameter's offset to the next one's, as it lies there. */
  public float[] inside(int parameter) {
    float[] inside = new float[Math.toIntExact(layout.whole(layout.map(parameter).floats()))];
    memory.read(layout.offset(parameter), inside);
    return inside;
  }

  @Override
  public void write(int parameter, float[] elements) {
    IndexMap map = layout.map(check(parameter));
    if (elements.length != map.elements()) {
      throw new IllegalArgumentException(
          "%s has %d elements, not %d"
              .formatted(parameters.get(parameter).name(), map.elements(), elements.length));
    }
    memory.write(layout.offset(parameter), map.inside(elements));
  }

  /** Pad lanes are zero. */
  @Override
  public Optional<Float> notFinite() {
    boolean all = parameters.size() == layout.parameters().size();
    long floats = all ? layout.floats() : layout.trainable();
    float[] part = new float[(int) Math.min(FINITE_CHUNK, floats)];
    for (long at = 0; at < floats; at += part.length) {
      part = floats - at < part.length ? new float[(int) (floats - at)] : part;
      memory.read(at, part);
      for (float value : part) {
        if (!Float.isFinite(value)) {
          return Optional.of(value);
        }
      }
    }
    return Optional.empty();
  }

  private int check(int parameter) {
    if (parameter < 0 || parameter >= parameters.size()) {
      throw new IllegalArgumentException(
          "parameter " + parameter + " of " + parameters.size() + " kept here");
    }
    return parameter;
  }

  @Override
  public void close() {
    memory.close();
  }
}
