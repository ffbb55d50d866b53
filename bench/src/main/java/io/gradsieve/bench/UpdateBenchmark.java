package io.gradsieve.bench;

import static io.gradsieve.natives.NativeException.check;

import io.gradsieve.natives.CpuLibrary;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The optimizers' updates, at rates so small that the weights stay what they are. */
@State(Scope.Benchmark)
public class UpdateBenchmark extends KernelBenchmark {
  private static final float RATE = 1e-9f;

  /** Parameters of {@code mlp}, {@code cnn} and {@code resnet20} on Fashion-MNIST. */
  @Param({"535818", "421642", "272186"})
  public int parameters;

  private long gradient;
  private long first;
  private long second;
  private long theta;

  @Setup
  public void setUp(Operands operands) {
    gradient = operands.random(parameters);
    first = operands.zeros(parameters);
    second = operands.zeros(parameters);
    theta = operands.random(parameters);
  }

  @Benchmark
  public void sgd(Bytes moved) {
    check(CpuLibrary.gs_sgd_update(parameters, 1, RATE, 0.9f, 0, 5e-4f, gradient, first, theta));
    moved.addFloats(5.0 * parameters);
  }

  @Benchmark
  public void adamw(Bytes moved) {
    check(
        CpuLibrary.gs_adamw_update(
            parameters, 1, RATE, 0.9, 0.999, 1e-8f, 0.01f, 1, gradient, first, second, theta));
    moved.addFloats(7.0 * parameters);
  }

  @Benchmark
  public void lambDirection(Bytes moved) {
    check(
        CpuLibrary.gs_lamb_direction(
            parameters, 1, 0.9, 0.999, 1e-6f, 0.01f, 1, theta, first, second, gradient));
    moved.addFloats(7.0 * parameters);
  }
}
