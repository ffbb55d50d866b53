package io.gradsieve.backend.cuda;

import io.gradsieve.backend.StepRecords;
import io.gradsieve.natives.CudaKernels;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/** Views of one set of results in pinned memory: float[GS_CUDA_RECORDS][capacity] and more. */
final class CudaRecords implements StepRecords {
  private final FloatBuffer[] rows = new FloatBuffer[CudaKernels.GS_CUDA_RECORDS];
  private final IntBuffer backwardRows;
  private final FloatBuffer probabilities;

  CudaRecords(
      CudaPinned memory,
      long recordsAt,
      long backwardRowsAt,
      long probabilitiesAt,
      int probabilityBytes,
      int capacity) {
    int row = capacity * Float.BYTES;
    for (int i = 0; i < rows.length; i++) {
      rows[i] = memory.view(recordsAt + (long) i * row, row).asFloatBuffer();
    }
    backwardRows = memory.view(backwardRowsAt, row).asIntBuffer();
    probabilities = memory.view(probabilitiesAt, probabilityBytes).asFloatBuffer();
  }

  @Override
  public IntBuffer backwardRows() {
    return backwardRows;
  }

  @Override
  public FloatBuffer loss() {
    return rows[CudaKernels.GS_CUDA_RECORD_LOSS];
  }

  @Override
  public FloatBuffer crossEntropy() {
    return rows[CudaKernels.GS_CUDA_RECORD_CROSS_ENTROPY];
  }

  @Override
  public FloatBuffer el2n() {
    return rows[CudaKernels.GS_CUDA_RECORD_EL2N];
  }

  @Override
  public FloatBuffer margin() {
    return rows[CudaKernels.GS_CUDA_RECORD_MARGIN];
  }

  @Override
  public FloatBuffer confidence() {
    return rows[CudaKernels.GS_CUDA_RECORD_CONFIDENCE];
  }

  @Override
  public FloatBuffer predicted() {
    return rows[CudaKernels.GS_CUDA_RECORD_PREDICTED];
  }

  @Override
  public FloatBuffer squaredNorm() {
    return rows[CudaKernels.GS_CUDA_RECORD_NORM2];
  }

  @Override
  public FloatBuffer probabilities() {
    return probabilities;
  }
}
