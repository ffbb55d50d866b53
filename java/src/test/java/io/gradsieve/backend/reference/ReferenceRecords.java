package io.gradsieve.backend.reference;

import io.gradsieve.backend.StepRecords;
import io.gradsieve.plan.ReferenceStep;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;

/** Results of one of the steps under way. */
final class ReferenceRecords implements StepRecords {
  /** Floats that a row of probabilities is a multiple of. */
  private static final int PITCH = 16;

  private final int pitch;
  private final float[] loss;
  private final float[] crossEntropy;
  private final float[] el2n;
  private final float[] margin;
  private final float[] confidence;
  private final float[] predicted;
  private final float[] squaredNorm;
  private final float[] probabilities;
  private final int[] backwardRows;

  ReferenceRecords(int capacity, int classes) {
    pitch = pitch(classes);
    loss = new float[capacity];
    crossEntropy = new float[capacity];
    el2n = new float[capacity];
    margin = new float[capacity];
    confidence = new float[capacity];
    predicted = new float[capacity];
    squaredNorm = new float[capacity];
    probabilities = new float[capacity * pitch];
    backwardRows = new int[capacity];
  }

  private static int pitch(int classes) {
    return (classes + PITCH - 1) / PITCH * PITCH;
  }

  /** What one of these takes. */
  static long bytes(int capacity, int classes) {
    return (7L + 1 + pitch(classes)) * capacity * Float.BYTES;
  }

  /** Sets all to zero. */
  void clear() {
    for (float[] row :
        new float[][] {
          loss, crossEntropy, el2n, margin, confidence, predicted, squaredNorm, probabilities
        }) {
      Arrays.fill(row, 0);
    }
  }

  /** Takes what forward made. */
  void forward(ReferenceStep step, int[] labels) {
    for (int i = 0; i < labels.length; i++) {
      loss[i] = (float) step.loss()[i];
      crossEntropy[i] = (float) step.crossEntropy()[i];
      el2n[i] = (float) step.el2n()[i];
      margin[i] = (float) step.margin()[i];
      double[] logits = step.logits()[i];
      double largest = Arrays.stream(logits).max().orElseThrow();
      double sum = Arrays.stream(logits).map(z -> Math.exp(z - largest)).sum();
      int best = 0;
      for (int k = 0; k < logits.length; k++) {
        best = logits[k] > logits[best] ? k : best;
        probabilities[i * pitch + k] = (float) (Math.exp(logits[k] - largest) / sum);
      }
      predicted[i] = best;
      confidence[i] = probabilities[i * pitch + labels[i]];
    }
  }

  /** Takes which samples go on. */
  void choose(int[] samples) {
    System.arraycopy(samples, 0, backwardRows, 0, samples.length);
  }

  /** Takes the norms of these samples, in their order. */
  void backward(ReferenceStep step, int[] samples) {
    for (int j = 0; j < samples.length; j++) {
      squaredNorm[j] = (float) step.squaredNorm()[samples[j]];
    }
  }

  @Override
  public FloatBuffer loss() {
    return FloatBuffer.wrap(loss);
  }

  @Override
  public FloatBuffer crossEntropy() {
    return FloatBuffer.wrap(crossEntropy);
  }

  @Override
  public FloatBuffer el2n() {
    return FloatBuffer.wrap(el2n);
  }

  @Override
  public FloatBuffer margin() {
    return FloatBuffer.wrap(margin);
  }

  @Override
  public FloatBuffer confidence() {
    return FloatBuffer.wrap(confidence);
  }

  @Override
  public FloatBuffer predicted() {
    return FloatBuffer.wrap(predicted);
  }

  @Override
  public IntBuffer backwardRows() {
    return IntBuffer.wrap(backwardRows);
  }

  @Override
  public FloatBuffer squaredNorm() {
    return FloatBuffer.wrap(squaredNorm);
  }

  @Override
  public FloatBuffer probabilities() {
    return FloatBuffer.wrap(probabilities);
  }
}
