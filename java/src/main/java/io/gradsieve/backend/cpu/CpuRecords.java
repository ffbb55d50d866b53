package io.gradsieve.backend.cpu;

import io.gradsieve.backend.StepRecords;
import io.gradsieve.natives.CpuLibrary;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * Views of one set of records float[GS_RECORDS][capacity], probabilities float[capacity][pitch] and
 * rows of backward int[capacity].
 */
final class CpuRecords implements StepRecords {
  private final FloatBuffer[] rows = new FloatBuffer[CpuLibrary.GS_RECORDS];
  private final FloatBuffer probabilities;
  private final IntBuffer backwardRows;
  private final long backwardRowsAddress;

  /**
   * @param first byte of {@code records} at which the set begins
   * @param backwardRows of both sets, one after the other
   */
  CpuRecords(
      CpuBuffer records,
      long first,
      FloatBuffer probabilities,
      CpuBuffer backwardRows,
      int set,
      int capacity) {
    int row = capacity * Float.BYTES;
    for (int i = 0; i < rows.length; i++) {
      rows[i] = records.view(first + (long) i * row, row).asFloatBuffer();
    }
    this.probabilities = probabilities;
    long place = (long) set * row;
    this.backwardRows = backwardRows.view(place, row).asIntBuffer();
    this.backwardRowsAddress = backwardRows.address() + place;
  }

  /** Where a choice is written. */
  long backwardRowsAddress() {
    return backwardRowsAddress;
  }

  @Override
  public IntBuffer backwardRows() {
    return backwardRows;
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
