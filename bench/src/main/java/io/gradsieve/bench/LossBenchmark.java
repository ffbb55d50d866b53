package io.gradsieve.bench;

import static io.gradsieve.natives.NativeException.check;

import io.gradsieve.natives.CpuLibrary;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Softmax and cross-entropy with all records, forward alone and with the gradient. */
@State(Scope.Benchmark)
public class LossBenchmark extends KernelBenchmark {
  private static final int SAMPLES = 512;
  private static final int LANES = 16;

  @Param("10")
  public int classes;

  private int pitch;
  private long logits;
  private long labels;
  private long planWeights;
  private long sampleWeights;
  private long gradient;
  private long records;

  @Setup
  public void setUp(Operands operands) {
    pitch = (classes + LANES - 1) / LANES * LANES;
    logits = operands.random(SAMPLES, classes, pitch);
    labels = operands.below(SAMPLES, classes);
    planWeights = operands.random(SAMPLES);
    sampleWeights = operands.random(SAMPLES);
    gradient = operands.zeros((long) SAMPLES * pitch);
    records = operands.zeros((long) CpuLibrary.GS_RECORDS * SAMPLES);
  }

  @Benchmark
  public void forward(Bytes moved) {
    softmaxCrossEntropy(0);
    moved.addFloats(SAMPLES * (pitch + 3.0 + CpuLibrary.GS_RECORDS));
  }

  @Benchmark
  public void forwardAndGradient(Bytes moved) {
    softmaxCrossEntropy(gradient);
    moved.addFloats(SAMPLES * (2.0 * pitch + 3 + CpuLibrary.GS_RECORDS));
  }

  private void softmaxCrossEntropy(long to) {
    check(
        CpuLibrary.gs_softmax_cross_entropy(
            SAMPLES,
            classes,
            pitch,
            0,
            logits,
            labels,
            planWeights,
            sampleWeights,
            to,
            0,
            records,
            SAMPLES));
  }
}
