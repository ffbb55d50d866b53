package io.gradsieve.bench;

import static io.gradsieve.natives.NativeException.check;

import io.gradsieve.natives.CpuLibrary;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The first linear layer of {@code mlp} on Fashion-MNIST, 784 to 512 features, on one thread: µs a
 * call.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class LinearBenchmark {
  private static final int IN = 784;
  private static final int OUT = 512;

  @Param({"128", "512", "2048"})
  public int batch;

  @Param({"on", "off"})
  public String norms = "";

  private Operands operands;
  private long input;
  private long output;
  private long outputGradient;
  private long weights;
  private long bias;
  private long weightsGradient;
  private long biasGradient;
  private long inputGradient;
  private long norm2;

  @Setup
  public void setUp() {
    operands = new Operands();
    input = operands.random((long) batch * IN);
    output = operands.zeros((long) batch * OUT);
    outputGradient = operands.random((long) batch * OUT);
    weights = operands.random((long) OUT * IN);
    bias = operands.random(OUT);
    weightsGradient = operands.zeros((long) OUT * IN);
    biasGradient = operands.zeros(OUT);
    inputGradient = operands.zeros((long) batch * IN);
    norm2 = norms.equals("on") ? operands.zeros(batch) : 0;
  }

  @TearDown
  public void tearDown() {
    operands.close();
  }

  @Benchmark
  public void forward() {
    check(
        CpuLibrary.gs_linear_forward(
            batch, IN, OUT, OUT, input, weights, bias, CpuLibrary.GS_RELU, output));
  }

  @Benchmark
  public void backwardInput() {
    check(
        CpuLibrary.gs_linear_backward_input(
            batch,
            IN,
            OUT,
            OUT,
            outputGradient,
            weights,
            CpuLibrary.GS_GRADIENT_STORE,
            inputGradient));
  }

  @Benchmark
  public void backwardWeights() {
    check(
        CpuLibrary.gs_linear_backward_weights(
            batch, IN, OUT, OUT, input, outputGradient, weightsGradient, biasGradient, norm2));
  }
}
