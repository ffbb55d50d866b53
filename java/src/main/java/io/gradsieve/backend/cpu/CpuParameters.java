package io.gradsieve.backend.cpu;

import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.ParameterValues;
import java.util.List;
import java.util.Optional;

/** Values of parameters in native memory, laid out as the kernels read them. */
final class CpuParameters implements ParameterValues {
  /** Floats looked at at a time. */
  private static final int FINITE_CHUNK = 1 << 16;

  private final CpuLayout layout;
  private final CpuBuffer memory;
  private final List<Parameter> parameters;

  private CpuParameters(CpuLayout layout, CpuBuffer memory, List<Parameter> parameters) {
    this.layout = layout;
    this.memory = memory;
    this.parameters = List.copyOf(parameters);
  }

  /** Of all parameters; closes the memory, of {@link CpuLayout#floats}. */
  static CpuParameters all(CpuLayout layout, CpuBuffer memory) {
    return new CpuParameters(layout, memory, layout.parameters());
  }

  /** Of the trainable ones; closes the memory, of {@link CpuLayout#trainable} floats. */
  static CpuParameters trainable(CpuLayout layout, CpuBuffer memory) {
    return new CpuParameters(
        layout, memory, layout.parameters().stream().filter(Parameter::trainable).toList());
  }

  CpuLayout layout() {
    return layout;
  }

  /** Where they begin, for native calls. */
  long address() {
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
  float[] inside(int parameter) {
    float[] inside = new float[Math.toIntExact(CpuTensor.whole(layout.map(parameter).floats()))];
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
