package io.gradsieve.landscape;

import io.gradsieve.RandomBits;
import io.gradsieve.algebra.Eigenpairs;
import io.gradsieve.algebra.Lapack;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The eigenvalues of a loss's Hessian, from Lanczos's process begun at a few vectors of signs: the
 * largest ones, and how all are spread, by stochastic Lanczos quadrature (Ghorbani et al. 2019,
 * arXiv 1901.10159, section 2): a start's Ritz values, each with the square of its vector's first
 * element as weight, are Gauss's quadrature of the spectrum as that start sees it; the mean over
 * starts is that of the spectrum.
 *
 * @param largest the largest first
 * @param density the weights sum to 1
 */
record Spectrum(List<Eigenvalue> largest, List<Node> density) {
  /** Outliers are about as many as classes, of which data sets mostly have ten. */
  static final int LARGEST = 10;

  /**
   * A product each. On the digits the ten largest eigenvalues move by less than 1e-8 of the largest
   * from 32 steps on, with {@code mlp} and with a small tanh network; with 24 it is 2e-4.
   */
  static final int STEPS = 40;

  /**
   * Starts. Of a small tanh network on the digits the density of four is 0.16 % of the largest
   * eigenvalue from that of eight with 90 steps each (Wasserstein's distance), that of one 0.32 %.
   */
  static final int PROBES = 4;

  /**
   * @param value the mean over the starts
   * @param error its standard error, from their spread: what the products' errors do, and what more
   *     steps would move
   */
  record Eigenvalue(double value, double error) {}

  /** So large a share of all eigenvalues is around this value. */
  record Node(double value, double weight) {}

  Spectrum {
    largest = List.copyOf(largest);
    density = List.copyOf(density);
  }

  double topEigenvalue() {
    return largest.get(0).value();
  }

  /** Where the density begins. */
  double lowestNode() {
    return density.get(0).value();
  }

  /** Steps whose vectors fit into half of the memory that Java may use. */
  static int steps(int weights, long javaMemory) {
    long fit = javaMemory / 2 / Float.BYTES / Math.max(1, weights);
    return (int) Math.max(1, Math.min(Math.min(STEPS, weights), fit));
  }

  /** Measures it in {@link #PROBES} times so many products; the same seed gives the same. */
  static Spectrum of(Hessian hessian, int steps, Lapack lapack, long seed) {
    List<double[]> values = new ArrayList<>();
    List<Node> density = new ArrayList<>();
    for (int probe = 0; probe < PROBES; probe++) {
      double[] start =
          Directions.signs(hessian.trainable(), RandomBits.of(seed, "spectrum", probe));
      Vectors.scale(start, 1 / Math.sqrt(start.length));
      Lanczos.Tridiagonal found = Lanczos.of(hessian::times, start, steps);
      Eigenpairs ritz = lapack.tridiagonal(found.diagonal(), found.beside());
      values.add(ritz.values());
      for (int i = 0; i < ritz.values().length; i++) {
        double first = ritz.vectors()[i][0];
        density.add(new Node(ritz.values()[i], first * first / PROBES));
      }
    }
    density.sort(Comparator.comparingDouble(Node::value));
    return new Spectrum(largest(values), density);
  }

  /** Of ascending values, a row for each start; as many ranks as all of them have. */
  private static List<Eigenvalue> largest(List<double[]> values) {
    int ranks = Math.min(LARGEST, values.stream().mapToInt(row -> row.length).min().orElse(0));
    List<Eigenvalue> largest = new ArrayList<>();
    for (int rank = 1; rank <= ranks; rank++) {
      double mean = 0;
      double squares = 0;
      for (double[] row : values) {
        mean += row[row.length - rank] / PROBES;
      }
      for (double[] row : values) {
        squares += Math.pow(row[row.length - rank] - mean, 2);
      }
      largest.add(new Eigenvalue(mean, Math.sqrt(squares / (PROBES - 1) / PROBES)));
    }
    return largest;
  }
}
