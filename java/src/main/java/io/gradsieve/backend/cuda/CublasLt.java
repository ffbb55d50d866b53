package io.gradsieve.backend.cuda;

import io.gradsieve.backend.Resources;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/** Products of float matrices by cuBLASLt, deterministic ones. Owns a handle of the library. */
final class CublasLt implements AutoCloseable {
  /** Bytes of workspace that an algorithm may take. */
  static final long MOST_WORKSPACE = 32L << 20;

  /** Rows of values begin there at least. */
  private static final int ALIGNMENT = 16;

  private final cublasLtContext handle = new cublasLtContext();

  /** Makes the library ready for the thread's device. */
  CublasLt() {
    check("cublasLtCreate", cublas.cublasLtCreate(handle));
  }

  /** What is done to a sum on its way to memory. */
  enum Epilogue {
    NONE(cublas.CUBLASLT_EPILOGUE_DEFAULT),
    BIAS(cublas.CUBLASLT_EPILOGUE_BIAS),
    RELU_BIAS(cublas.CUBLASLT_EPILOGUE_RELU_BIAS);

    private final int code;

    Epilogue(int code) {
      this.code = code;
    }
  }

  /**
   * C [rows][pitchC] = op(A) op(B), rows after rows: op(A) is [rows][inner], op(B)
   * [inner][columns], a pitch is floats from one row in memory to the next.
   *
   * @param transposeA whether A lies as [inner][rows]
   * @param transposeB whether B lies as [columns][inner]
   * @param tf32 whether factors may be rounded to tf32
   */
  record Shape(
      boolean transposeA,
      boolean transposeB,
      long rows,
      long columns,
      long inner,
      long pitchA,
      long pitchB,
      long pitchC,
      Epilogue epilogue,
      boolean tf32) {}

  /** The algorithm for a shape is chosen here, once. */
  Product product(Shape shape) {
    return new Product(shape);
  }

  @Override
  public void close() {
    check("cublasLtDestroy", cublas.cublasLtDestroy(handle));
  }

  /**
   * One shape, ready to run; from one thread at a time. cuBLASLt thinks in columns, in which the
   * same memory is Cᵀ = op(B)ᵀ op(A)ᵀ, so B is its first factor.
   */
  final class Product implements AutoCloseable {
    private final cublasLtMatmulDescOpaque_t description;
    private final cublasLtMatrixLayoutOpaque_t layoutA;
    private final cublasLtMatrixLayoutOpaque_t layoutB;
    private final cublasLtMatrixLayoutOpaque_t layoutC;
    private final cublasLtMatmulHeuristicResult_t choice = new cublasLtMatmulHeuristicResult_t(1);
    private final cublasLtMatmulAlgo_t algorithm;
    private final long workspaceBytes;
    private final FloatPointer one = new FloatPointer(1f);
    private final FloatPointer zero = new FloatPointer(0f);
    private final LongPointer biasAddress = new LongPointer(new long[] {0});
    private final boolean biased;
    private final Resources resources = new Resources();

    private Product(Shape shape) {
      resources.add(one::close);
      resources.add(zero::close);
      resources.add(biasAddress::close);
      resources.add(choice::close);
      int compute = shape.tf32() ? cublas.CUBLAS_COMPUTE_32F_FAST_TF32 : cublas.CUBLAS_COMPUTE_32F;
      biased = shape.epilogue() != Epilogue.NONE;
      try {
        description = describe(compute);
        set(cublas.CUBLASLT_MATMUL_DESC_TRANSA, operation(shape.transposeB()));
        set(cublas.CUBLASLT_MATMUL_DESC_TRANSB, operation(shape.transposeA()));
        set(cublas.CUBLASLT_MATMUL_DESC_EPILOGUE, shape.epilogue().code);
        layoutB =
            shape.transposeB()
                ? layout(shape.inner(), shape.columns(), shape.pitchB())
                : layout(shape.columns(), shape.inner(), shape.pitchB());
        layoutA =
            shape.transposeA()
                ? layout(shape.rows(), shape.inner(), shape.pitchA())
                : layout(shape.inner(), shape.rows(), shape.pitchA());
        layoutC = layout(shape.columns(), shape.rows(), shape.pitchC());
        choose();
      } catch (RuntimeException e) {
        throw resources.abandon(e);
      }
      algorithm = choice.algo();
      workspaceBytes = choice.workspaceSize();
    }

    private cublasLtMatmulDescOpaque_t describe(int compute) {
      try (PointerPointer<Pointer> made = new PointerPointer<>(1L)) {
        check(
            "cublasLtMatmulDescCreate",
            cublas.cublasLtMatmulDescCreate(made, compute, cudart.CUDA_R_32F));
        cublasLtMatmulDescOpaque_t fresh = new cublasLtMatmulDescOpaque_t(made.get());
        resources.add(
            () -> check("cublasLtMatmulDescDestroy", cublas.cublasLtMatmulDescDestroy(fresh)));
        return fresh;
      }
    }

    private static int operation(boolean transposed) {
      return transposed ? cublas.CUBLAS_OP_T : cublas.CUBLAS_OP_N;
    }

    private void set(int attribute, int value) {
      try (IntPointer number = new IntPointer(new int[] {value})) {
        check(
            "cublasLtMatmulDescSetAttribute",
            cublas.cublasLtMatmulDescSetAttribute(description, attribute, number, Integer.BYTES));
      }
    }

    private cublasLtMatrixLayoutOpaque_t layout(long rows, long columns, long pitch) {
      try (PointerPointer<Pointer> made = new PointerPointer<>(1L)) {
        check(
            "cublasLtMatrixLayoutCreate",
            cublas.cublasLtMatrixLayoutCreate(made, cudart.CUDA_R_32F, rows, columns, pitch));
        cublasLtMatrixLayoutOpaque_t fresh = new cublasLtMatrixLayoutOpaque_t(made.get());
        resources.add(
            () -> check("cublasLtMatrixLayoutDestroy", cublas.cublasLtMatrixLayoutDestroy(fresh)));
        return fresh;
      }
    }

    /**
     * The first of the library's own ranking; parts of a sum may meet in the workspace, in order.
     */
    private void choose() {
      cublasLtMatmulPreferenceOpaque_t preference;
      try (PointerPointer<Pointer> made = new PointerPointer<>(1L)) {
        check("cublasLtMatmulPreferenceCreate", cublas.cublasLtMatmulPreferenceCreate(made));
        preference = new cublasLtMatmulPreferenceOpaque_t(made.get());
      }
      try (LongPointer workspace = new LongPointer(new long[] {MOST_WORKSPACE});
          IntPointer number = new IntPointer(1)) {
        prefer(preference, cublas.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, workspace, Long.BYTES);
        number.put(0, cublas.CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
        prefer(
            preference, cublas.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, number, Integer.BYTES);
        number.put(0, ALIGNMENT);
        for (int operand = cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
            operand <= cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES;
            operand++) {
          prefer(preference, operand, number, Integer.BYTES);
        }
        int[] found = new int[1];
        int status =
            cublas.cublasLtMatmulAlgoGetHeuristic(
                handle,
                description,
                layoutB,
                layoutA,
                layoutC,
                layoutC,
                preference,
                1,
                choice,
                found);
        check(
            "cublasLtMatmulAlgoGetHeuristic",
            status == 0 && found[0] == 0 ? cublas.CUBLAS_STATUS_NOT_SUPPORTED : status);
      } catch (RuntimeException e) {
        cublas.cublasLtMatmulPreferenceDestroy(preference);
        throw e;
      }
      check("cublasLtMatmulPreferenceDestroy", cublas.cublasLtMatmulPreferenceDestroy(preference));
    }

    private static void prefer(
        cublasLtMatmulPreferenceOpaque_t preference, int attribute, Pointer value, long bytes) {
      check(
          "cublasLtMatmulPreferenceSetAttribute",
          cublas.cublasLtMatmulPreferenceSetAttribute(preference, attribute, value, bytes));
    }

    /**
     * Queues c = op(a) op(b), with the shape's epilogue.
     *
     * @param bias [columns]; 0 where the epilogue has none
     * @param add whether c is added to
     * @param workspace {@link #workspaceBytes}, at a multiple of 256
     */
    void run(long a, long b, long c, long bias, boolean add, long workspace, long stream) {
      if (biased && biasAddress.get() != bias) {
        biasAddress.put(0, bias);
        check(
            "cublasLtMatmulDescSetAttribute",
            cublas.cublasLtMatmulDescSetAttribute(
                description, cublas.CUBLASLT_MATMUL_DESC_BIAS_POINTER, biasAddress, Long.BYTES));
      }
      CudaHandles h = CudaHandles.get();
      CudaHandles.Memory result = h.c.at(c);
      check(
          "cublasLtMatmul",
          cublas.cublasLtMatmul(
              handle,
              description,
              one,
              h.b.at(b),
              layoutB,
              h.a.at(a),
              layoutA,
              add ? one : zero,
              result,
              layoutC,
              result,
              layoutC,
              algorithm,
              h.workspace.at(workspace),
              workspaceBytes,
              h.stream.at(stream)));
    }

    /** How much {@link #run} needs. */
    long workspaceBytes() {
      return workspaceBytes;
    }

    @Override
    public void close() {
      resources.close();
    }
  }

  private static void check(String function, int status) {
    if (status != cublas.CUBLAS_STATUS_SUCCESS) {
      throw CudaErrors.failed(
          function,
          status,
          cublas.cublasLtGetStatusName(status).getString()
              + ", "
              + cublas.cublasLtGetStatusString(status).getString());
    }
  }
}
