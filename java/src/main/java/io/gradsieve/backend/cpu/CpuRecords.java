package io.gradsieve.backend.cpu;

import io.gradsieve.backend.StepRecords;
import io.gradsieve.natives.CpuLibrary;
import java.nio.FloatBuffer;

/**
 * Views of one set of records float[GS_RECORDS][capacity] and probabilities float[capacity][pitch].
 */
final class CpuRecords implements StepRecords {
  private final FloatBuffer[] rows = new FloatBuffer[CpuLibrary.GS_RECORDS];
  private final FloatBuffer probabilities;

  /**
   * @param first byte of {@code records} at which the set begins
   */
  CpuRecords(CpuBuffer records, long first, FloatBuffer probabilities, int capacity) {
    int row = capacity * Float.BYTES;
    for (int i = 0; i < rows.length; i++) {
      rows[i] = records.view(first + (long) i * row, row).asFloatBuffer();
    }
    this.probabilities = probabilities;
  }

  @Override
  public FloatBuffer loss() {
    return rows[CpuLibrary.GS_RECORD_LOSS];
  }

  @Override
  public FloatBuffer crossEntropy() {
    return rows[CpuLibrary.GS_RECORD_CROSS_ENTROPY];
  }

  @Override
  public FloatBuffer el2n() {
    return rows[CpuLibrary.GS_RECORD_EL2N];
  }

  @Override
  public FloatBuffer margin() {
    return rows[CpuLibrary.GS_RECORD_MARGIN];
  }

  @Override
  public FloatBuffer confidence() {
    return rows[CpuLibrary.GS_RECORD_CONFIDENCE];
  }

  @Override
  public FloatBuffer predicted() {
    return rows[CpuLibrary.GS_RECORD_PREDICTED];
  }

  @Override
  public FloatBuffer squaredNorm() {
    return rows[CpuLibrary.GS_RECORD_NORM2];
  }

  @Override
  public FloatBuffer probabilities() {
    return probabilities;
  }
}
