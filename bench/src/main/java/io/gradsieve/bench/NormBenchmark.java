package io.gradsieve.bench;

import static io.gradsieve.natives.NativeException.check;

import io.gradsieve.natives.CpuLibrary;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Batch, group and layer norm of {@code resnet20}'s activations on 28×28 images. */
@State(Scope.Benchmark)
public class NormBenchmark extends KernelBenchmark {
  private static final int GROUPS = 8;
  private static final float EPS = 1e-5f;

  /** H=W, channels; the last is a vector of features, over all of which layer norm goes. */
  @Param({"28x16", "14x32", "7x64", "1x512"})
  public String shape = "";

  private int size;
  private int positions;
  private int channels;
  private long floats;
  private long input;
  private long output;
  private long gradient;
  private long maskedGradient;
  private long skip;
  private long inputGradient;
  private long gamma;
  private long beta;
  private long statistics;
  private long saved;
  private long sums;
  private long gammaGradient;
  private long betaGradient;
  private long norm2;

  @Setup
  public void setUp(Operands operands) {
    size = sizes(shape)[0];
    positions = size * size;
    channels = sizes(shape)[1];
    floats = (long) BATCH * positions * channels;
    input = operands.random(floats);
    output = operands.random(floats);
    gradient = operands.random(floats);
    maskedGradient = operands.random(floats);
    skip = operands.random(floats);
    inputGradient = operands.zeros(floats);
    int parameters = Math.max(size, channels);
    gamma = operands.random(parameters);
    beta = operands.random(parameters);
    statistics = operands.random(2L * channels);
    saved = operands.random(2L * BATCH * size * channels);
    sums = operands.random(2L * channels);
    gammaGradient = operands.zeros(parameters);
    betaGradient = operands.zeros(parameters);
    norm2 = operands.zeros(BATCH);
  }

  /** The running statistics are two arrays that nothing else here reads. */
  @Benchmark
  public void batchnormStatistics(Bytes moved) {
    check(
        CpuLibrary.gs_batchnorm_statistics(
            BATCH,
            positions,
            channels,
            channels,
            input,
            EPS,
            0.1f,
            gammaGradient,
            betaGradient,
            statistics));
    moved.addFloats(floats);
  }

  @Benchmark
  public void batchnormNormalize(Bytes moved) {
    normalize(0);
    moved.addFloats(2 * floats);
  }

  @Benchmark
  public void batchnormNormalizeWithSkip(Bytes moved) {
    normalize(skip);
    moved.addFloats(3 * floats);
  }

  private void normalize(long added) {
    check(
        CpuLibrary.gs_batchnorm_normalize(
            BATCH,
            positions,
            channels,
            channels,
            input,
            statistics,
            gamma,
            beta,
            added,
            CpuLibrary.GS_RELU,
            output));
  }

  @Benchmark
  public void batchnormBackwardSums(Bytes moved) {
    check(
        CpuLibrary.gs_batchnorm_backward_sums(
            BATCH,
            positions,
            channels,
            channels,
            input,
            statistics,
            output,
            CpuLibrary.GS_RELU,
            gradient,
            gradient,
            sums,
            gammaGradient,
            betaGradient,
            norm2));
    moved.addFloats(4 * floats);
  }

  @Benchmark
  public void batchnormBackwardInput(Bytes moved) {
    check(
        CpuLibrary.gs_batchnorm_backward_input(
            BATCH,
            positions,
            channels,
            channels,
            input,
            statistics,
            gamma,
            maskedGradient,
            sums,
            CpuLibrary.GS_TRAINING,
            inputGradient));
    moved.addFloats(3 * floats);
  }

  @Benchmark
  public void groupnormForward(Bytes moved) {
    check(
        CpuLibrary.gs_groupnorm_forward(
            BATCH, positions, channels, channels, GROUPS, EPS, input, gamma, beta, output, saved));
    moved.addFloats(2 * floats);
  }

  @Benchmark
  public void groupnormBackward(Bytes moved) {
    check(
        CpuLibrary.gs_groupnorm_backward(
            BATCH,
            positions,
            channels,
            channels,
            GROUPS,
            input,
            gamma,
            saved,
            gradient,
            CpuLibrary.GS_GRADIENT_STORE,
            inputGradient,
            gammaGradient,
            betaGradient,
            norm2));
    moved.addFloats(3 * floats);
  }

  @Benchmark
  public void layernormForward(Bytes moved) {
    check(
        CpuLibrary.gs_layernorm_forward(
            BATCH,
            size,
            size,
            channels,
            channels,
            overWidth(),
            EPS,
            input,
            gamma,
            beta,
            output,
            saved));
    moved.addFloats(2 * floats);
  }

  @Benchmark
  public void layernormBackward(Bytes moved) {
    check(
        CpuLibrary.gs_layernorm_backward(
            BATCH,
            size,
            size,
            channels,
            channels,
            overWidth(),
            input,
            gamma,
            saved,
            gradient,
            CpuLibrary.GS_GRADIENT_STORE,
            inputGradient,
            gammaGradient,
            betaGradient,
            norm2));
    moved.addFloats(3 * floats);
  }

  private int overWidth() {
    return size > 1 ? 1 : 0;
  }
}
