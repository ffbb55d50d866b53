package io.gradsieve.bench;

import static io.gradsieve.natives.NativeException.check;

import io.gradsieve.natives.CpuLibrary;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Activations of {@code resnet20-gn} on 28×28 images. */
@State(Scope.Benchmark)
public class ActivationBenchmark extends KernelBenchmark {
  /** {@code gs_activation}, without the identity. */
  public enum Activation {
    RELU(CpuLibrary.GS_RELU),
    GELU(CpuLibrary.GS_GELU),
    TANH(CpuLibrary.GS_TANH),
    SIGMOID(CpuLibrary.GS_SIGMOID);

    private final int number;

    Activation(int number) {
      this.number = number;
    }
  }

  @Param public Activation activation = Activation.RELU;

  /** H=W, channels. */
  @Param({"28x16", "14x32", "7x64"})
  public String shape = "";

  private int positions;
  private int channels;
  private long floats;
  private long input;
  private long output;
  private long outputGradient;
  private long inputGradient;

  @Setup
  public void setUp(Operands operands) {
    positions = sizes(shape)[0] * sizes(shape)[0];
    channels = sizes(shape)[1];
    floats = (long) BATCH * positions * channels;
    input = operands.random(floats);
    output = operands.random(floats);
    outputGradient = operands.random(floats);
    inputGradient = operands.zeros(floats);
  }

  @Benchmark
  public void forward(Bytes moved) {
    check(
        CpuLibrary.gs_activation_forward(
            BATCH, positions, channels, channels, activation.number, input, output));
    moved.addFloats(2 * floats);
  }

  @Benchmark
  public void backward(Bytes moved) {
    check(
        CpuLibrary.gs_activation_backward(
            BATCH,
            positions,
            channels,
            channels,
            activation.number,
            input,
            output,
            outputGradient,
            CpuLibrary.GS_GRADIENT_STORE,
            inputGradient));
    moved.addFloats(3 * floats);
  }
}
