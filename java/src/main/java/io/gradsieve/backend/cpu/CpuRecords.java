package io.gradsieve.backend.cpu;

import io.gradsieve.backend.StepRecords;
import io.gradsieve.natives.CpuLibrary;
import java.nio.FloatBuffer;

/**
 * Views of the records float[GS_RECORDS][capacity] and of the probabilities float[capacity][pitch].
 */
final class CpuRecords implements StepRecords {
  private final FloatBuffer[] rows = new FloatBuffer[CpuLibrary.GS_RECORDS];
  private final FloatBuffer probabilities;

  CpuRecords(CpuBuffer records, CpuBuffer probabilities, int capacity) {
    for (int i = 0; i < rows.length; i++) {
      rows[i] =
          records.view((long) i * capacity * Float.BYTES, capacity * Float.BYTES).asFloatBuffer();
    }
    this.probabilities =
        probabilities.view(0, Math.toIntExact(probabilities.bytes())).asFloatBuffer();
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
