package io.gradsieve.nn;

import io.gradsieve.format.Checksum;
import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.nn.layer.ParameterList;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/** The values of a network's parameters, running statistics and counters as PyTorch sees them. */
public final class Parameters {
  private final ParameterList list;
  private final ParameterValues weights;

  /** Values of the counters, in the list's order. */
  private final long[] counts;

  Parameters(ParameterList list, ParameterValues weights) {
    this.list = list;
    this.weights = weights;
    counts = new long[list.counters().size()];
  }

  /** What there is, in the order of the indices. */
  public List<Parameter> list() {
    return list.parameters();
  }

  /** Names of the counters. */
  List<String> counters() {
    return list.counters();
  }

  /** A parameter's elements in PyTorch's order. */
  public float[] read(int parameter) {
    return weights.read(parameter);
  }

  /**
   * Sets the elements, in PyTorch's order; throws {@code IllegalArgumentException} if there are
   * more or fewer.
   */
  public void write(int parameter, float[] elements) {
    weights.write(parameter, elements);
  }

  /** Takes the weights and running statistics of a network of the same layers. */
  public void copy(Parameters from) {
    for (int p = 0; p < list().size(); p++) {
      write(p, from.read(p));
    }
  }

  /** Copies of the running statistics, which come after the trainable parameters. */
  public List<float[]> running() {
    List<float[]> running = new ArrayList<>();
    for (int p = trainable(); p < list().size(); p++) {
      running.add(read(p));
    }
    return running;
  }

  /** Puts running statistics back. */
  public void setRunning(List<float[]> running) {
    for (int i = 0; i < running.size(); i++) {
      write(trainable() + i, running.get(i));
    }
  }

  /** SHA-256 of the trainable parameters' bits, in their order. */
  public byte[] hash() {
    MessageDigest digest = Checksum.sha256();
    for (int p = 0; p < trainable(); p++) {
      float[] values = read(p);
      ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
      bytes.asFloatBuffer().put(values);
      digest.update(bytes);
    }
    return digest.digest();
  }

  private int trainable() {
    return (int) list().stream().filter(Parameter::trainable).count();
  }

  /** A counter's value ({@code num_batches_tracked}). */
  public long counter(String name) {
    return counts[index(name)];
  }

  void setCounter(String name, long value) {
    counts[index(name)] = value;
  }

  /** Adds training batches to every counter. */
  public void countBatches(long batches) {
    for (int i = 0; i < counts.length; i++) {
      counts[i] += batches;
    }
  }

  private int index(String counter) {
    int index = list.counters().indexOf(counter);
    if (index < 0) {
      throw new IllegalArgumentException("no counter '" + counter + "'");
    }
    return index;
  }
}
