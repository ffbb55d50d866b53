package io.gradsieve.landscape;

import io.gradsieve.format.svg.Svg;
import io.gradsieve.format.svg.Svg.Anchor;
import java.util.List;

/**
 * The runs' spectra in one frame: how large a share of the eigenvalues is around each value, on a
 * logarithmic axis, since what is far out is one eigenvalue of all; a mark for each of the largest.
 */
final class SpectrumChart {
  static final double HEIGHT = 220;

  /** Nodes are spread with this share of the axis as deviation: narrow, and seen. */
  private static final double SPREAD = 1 / 150.0;

  private static final int POINTS = 500;
  private static final double MARGIN = 0.03;
  private static final double MARK = 9;
  private static final int TICKS = 8;

  /** A share below is drawn as this. */
  private static final double LEAST = 1e-12;

  private final List<Spectrum> spectra;
  private final double least;
  private final double most;
  private final double[][] shares;
  private final LogScale scale;

  SpectrumChart(List<Spectrum> spectra) {
    this.spectra = spectra;
    double low = spectra.stream().mapToDouble(Spectrum::lowestNode).min().orElse(0);
    double high = spectra.stream().mapToDouble(Spectrum::topEigenvalue).max().orElse(0);
    double range = high > low ? high - low : 1;
    this.least = low - MARGIN * range;
    this.most = high + MARGIN * range;
    this.shares = spectra.stream().map(this::shares).toArray(double[][]::new);
    // The axis begins somewhat below the lowest of the peaks that the runs' top eigenvalues make.
    double foot =
        spectra.stream().mapToDouble(s -> share(s, s.topEigenvalue()) / 3).min().orElse(0.1);
    this.scale = new LogScale(foot, 1, LEAST);
  }

  private double[] shares(Spectrum spectrum) {
    double[] shares = new double[POINTS + 1];
    for (int i = 0; i <= POINTS; i++) {
      shares[i] = share(spectrum, least + i * (most - least) / POINTS);
    }
    return shares;
  }

  /** Each node counts fully where it is, and less with the distance, as a Gaussian. */
  private double share(Spectrum spectrum, double value) {
    double deviation = SPREAD * (most - least);
    double share = 0;
    for (Spectrum.Node node : spectrum.density()) {
      double away = (node.value() - value) / deviation;
      share += node.weight() * Math.exp(-away * away / 2);
    }
    return share;
  }

  void draw(Svg svg, double left, double top, double width) {
    double bottom = top + HEIGHT;
    svg.title(
        left, top - 12, Anchor.START, "Spectrum of the Hessian; marks: the largest eigenvalues");
    for (double tick : scale.ticks()) {
      double y = bottom - HEIGHT * scale.position(tick);
      svg.path(new double[] {left, y, left + width, y}, "#ddd", 1, "none");
      svg.text(left - 6, y + 4, Anchor.END, LandscapePicture.label(tick));
    }
    double step = step();
    for (double tick = Math.ceil(least / step) * step; tick <= most; tick += step) {
      // Rounded, so that a sum of steps is 0 where it should be.
      double value = Math.rint(tick / step) * step;
      svg.text(x(value, left, width), bottom + 16, Anchor.MIDDLE, LandscapePicture.label(value));
    }
    svg.frame(left, top, width, HEIGHT);
    svg.text(left + width / 2, bottom + 34, Anchor.MIDDLE, "eigenvalue");
    svg.uprightText(left - 57, top + HEIGHT / 2, "share around it");
    for (int i = 0; i < spectra.size(); i++) {
      svg.path(curve(i, left, bottom, width), Palette.line(i), 2, Palette.dashes(i));
      for (Spectrum.Eigenvalue eigenvalue : spectra.get(i).largest()) {
        double x = x(eigenvalue.value(), left, width);
        svg.path(new double[] {x, bottom, x, bottom - MARK}, Palette.line(i), 1, "none");
      }
    }
  }

  private double x(double value, double left, double width) {
    return left + (value - least) / (most - least) * width;
  }

  private double[] curve(int run, double left, double bottom, double width) {
    double[] points = new double[2 * (POINTS + 1)];
    for (int i = 0; i <= POINTS; i++) {
      points[2 * i] = left + width * i / POINTS;
      points[2 * i + 1] = bottom - HEIGHT * scale.position(shares[run][i]);
    }
    return points;
  }

  /** 1, 2 or 5 times a power of ten, so that there are at most so many ticks. */
  private double step() {
    double power = Math.pow(10, Math.floor(Math.log10((most - least) / TICKS)));
    for (double digit : new double[] {1, 2, 5}) {
      if ((most - least) / (digit * power) <= TICKS) {
        return digit * power;
      }
    }
    return 10 * power;
  }
}
