package io.gradsieve.algebra;

import io.gradsieve.GradsieveException;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.natives.NativeException;
import io.gradsieve.natives.OpenBlas;
import java.util.Arrays;

/** LAPACK's eigenproblems, in double precision on one thread. */
public final class Lapack {
  private Lapack() {}

  /**
   * Loads OpenBLAS, if nobody has.
   *
   * @throws GradsieveException.Missing if it can't be loaded, with the reason
   */
  public static Lapack open() {
    if (OpenBlas.load() instanceof OpenBlas.Failed failed) {
      throw new GradsieveException.Missing(failed.reason());
    }
    return new Lapack();
  }

  /**
   * Of the symmetric tridiagonal matrix with these n elements on the diagonal and n − 1 beside it
   * ({@code dstev}).
   *
   * @throws NativeException if an element is NaN, or if there is no convergence
   */
  public Eigenpairs tridiagonal(double[] diagonal, double[] beside) {
    int n = diagonal.length;
    if (n == 0 || beside.length != n - 1) {
      throw new IllegalArgumentException(
          "%d elements on the diagonal and %d beside it".formatted(n, beside.length));
    }
    double[] values = diagonal.clone();
    double[] vectors = new double[Math.multiplyExact(n, n)];
    // One more element: JavaCPP makes of an array without any a null pointer.
    double[] overwritten = Arrays.copyOf(beside, n);
    NativeException.check(CpuLibrary.gs_tridiagonal_eigen(n, values, overwritten, vectors));
    return new Eigenpairs(values, rows(vectors, n));
  }

  /**
   * Of a symmetric matrix [n][n], of which the elements on and below the diagonal are read ({@code
   * dsyevd}).
   *
   * @throws NativeException if an element is NaN, or if there is no convergence
   */
  public Eigenpairs symmetric(double[][] matrix) {
    int n = matrix.length;
    double[] vectors = new double[Math.multiplyExact(n, n)];
    for (int i = 0; i < n; i++) {
      if (matrix[i].length != n) {
        throw new IllegalArgumentException(
            "row %d of %d has %d elements".formatted(i, n, matrix[i].length));
      }
      System.arraycopy(matrix[i], 0, vectors, i * n, n);
    }
    double[] values = new double[n];
    NativeException.check(CpuLibrary.gs_symmetric_eigen(n, vectors, values));
    return new Eigenpairs(values, rows(vectors, n));
  }

  private static double[][] rows(double[] elements, int n) {
    double[][] rows = new double[n][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(elements, i * n, (i + 1) * n));
    return rows;
  }
}
