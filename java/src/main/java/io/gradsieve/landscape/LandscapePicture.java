package io.gradsieve.landscape;

import io.gradsieve.format.svg.Svg;
import io.gradsieve.format.svg.Svg.Anchor;
import io.gradsieve.train.Evaluation;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A map of each run's surface side by side, in the same colours; all lines and spectra below. */
final class LandscapePicture {
  private static final double MAP = 260;
  private static final double GAP = 70;
  private static final double LEFT = 70;
  private static final double TOP = 80;
  private static final double BAR = 16;
  private static final double BELOW_MAP = 90;
  private static final double CHART_HEIGHT = 220;
  private static final double BELOW_CHART = 80;
  private static final double LEGEND_ROW = 18;

  /** A loss below is drawn as this; float losses of a model that is sure are 0. */
  private static final double LEAST_LOSS = 1e-6;

  /** Characters of a run's name above its map; the end of a path tells runs apart. */
  private static final int LONGEST_NAME = 34;

  private final List<RunLandscape> runs;
  private final LogScale scale;
  private final double chartWidth;
  private final Svg svg;

  private LandscapePicture(List<RunLandscape> runs) {
    this.runs = runs;
    this.scale =
        new LogScale(
            runs.stream().flatMapToDouble(RunLandscape::losses).min().orElse(1),
            runs.stream().flatMapToDouble(RunLandscape::losses).max().orElse(1),
            LEAST_LOSS);
    this.chartWidth = Math.max(2, runs.size()) * (MAP + GAP) - GAP;
    double height = spectrumTop() + SpectrumChart.HEIGHT + 60 + runs.size() * LEGEND_ROW;
    svg = new Svg(LEFT + chartWidth + GAP + 40, height, "Loss around trained weights");
  }

  static String svg(List<RunLandscape> runs) {
    LandscapePicture picture = new LandscapePicture(runs);
    picture.svg.title(
        LEFT, 28, Anchor.START, "Loss along filter-normalised random directions x and y");
    for (int i = 0; i < runs.size(); i++) {
      picture.map(runs.get(i), LEFT + i * (MAP + GAP));
    }
    picture.colours(LEFT + runs.size() * (MAP + GAP) - GAP + 20);
    picture.chart();
    new SpectrumChart(runs.stream().map(run -> run.sharpness().spectrum()).toList())
        .draw(picture.svg, LEFT, spectrumTop(), picture.chartWidth);
    picture.legend();
    return picture.svg.end();
  }

  private static double chartTop() {
    return TOP + MAP + BELOW_MAP;
  }

  private static double spectrumTop() {
    return chartTop() + CHART_HEIGHT + BELOW_CHART;
  }

  private void map(RunLandscape run, double left) {
    int points = run.axis().length;
    double cell = MAP / points;
    for (int j = 0; j < points; j++) {
      double top = TOP + MAP - (j + 1) * cell;
      int from = 0;
      for (int i = 1; i <= points; i++) {
        String colour = colour(run.surface()[j][from]);
        if (i == points || !colour(run.surface()[j][i]).equals(colour)) {
          // Neighbours of one colour are one rectangle: half the file where the surface is flat.
          svg.rectangle(left + from * cell, top, (i - from) * cell, cell, colour);
          from = i;
        }
      }
    }
    svg.frame(left, TOP, MAP, MAP);
    svg.title(left + MAP / 2, TOP - 26, Anchor.MIDDLE, name(run));
    svg.text(left + MAP / 2, TOP - 9, Anchor.MIDDLE, figures(run));
    for (int tick = -1; tick <= 1; tick++) {
      double at = (tick + 1) / 2.0 * (MAP - cell) + cell / 2;
      svg.text(left + at, TOP + MAP + 16, Anchor.MIDDLE, Integer.toString(tick));
      svg.text(left - 6, TOP + MAP - at + 4, Anchor.END, Integer.toString(tick));
    }
    svg.text(left + MAP / 2, TOP + MAP + 34, Anchor.MIDDLE, "x");
    svg.uprightText(left - 28, TOP + MAP / 2, "y");
  }

  private String colour(Evaluation at) {
    return Double.isFinite(at.loss()) ? Palette.shade(scale.position(at.loss())) : Palette.NONE;
  }

  private static String figures(RunLandscape run) {
    return String.format(
        Locale.ROOT,
        "loss %.4g, top eigenvalue %.3g, trace %.3g",
        run.trained().loss(),
        run.sharpness().topEigenvalue(),
        run.sharpness().trace());
  }

  private static String name(RunLandscape run) {
    String name = run.run();
    return name.length() <= LONGEST_NAME
        ? name
        : "…" + name.substring(name.length() - LONGEST_NAME + 1);
  }

  private void colours(double left) {
    double step = MAP / Palette.SHADES;
    for (int i = 0; i < Palette.SHADES; i++) {
      String colour = Palette.shade((i + 0.5) / Palette.SHADES);
      svg.rectangle(left, TOP + MAP - (i + 1) * step, BAR, step, colour);
    }
    svg.frame(left, TOP, BAR, MAP);
    for (double tick : scale.ticks()) {
      double y = TOP + MAP * (1 - scale.position(tick));
      svg.text(left + BAR + 6, y + 4, Anchor.START, label(tick));
    }
    svg.text(left + BAR / 2, TOP - 9, Anchor.MIDDLE, "loss");
  }

  private void chart() {
    double top = chartTop();
    svg.title(LEFT, top - 12, Anchor.START, "Loss along x alone");
    for (double tick : scale.ticks()) {
      double y = top + CHART_HEIGHT * (1 - scale.position(tick));
      svg.path(new double[] {LEFT, y, LEFT + chartWidth, y}, "#ddd", 1, "none");
      svg.text(LEFT - 6, y + 4, Anchor.END, label(tick));
    }
    for (double x = -1; x <= 1; x += 0.5) {
      double at = LEFT + (x + 1) / 2 * chartWidth;
      svg.text(at, top + CHART_HEIGHT + 16, Anchor.MIDDLE, label(x));
    }
    svg.frame(LEFT, top, chartWidth, CHART_HEIGHT);
    svg.text(LEFT + chartWidth / 2, top + CHART_HEIGHT + 34, Anchor.MIDDLE, "x");
    svg.uprightText(LEFT - 48, top + CHART_HEIGHT / 2, "loss");
    for (int i = 0; i < runs.size(); i++) {
      for (double[] piece : pieces(runs.get(i))) {
        svg.path(piece, Palette.line(i), 2, Palette.dashes(i));
      }
    }
  }

  /** The run's line, in pieces where a loss is not finite. */
  private List<double[]> pieces(RunLandscape run) {
    List<double[]> pieces = new ArrayList<>();
    List<Double> points = new ArrayList<>();
    for (int i = 0; i < run.axis().length; i++) {
      double loss = run.line()[i].loss();
      if (Double.isFinite(loss)) {
        points.add(LEFT + (run.axis()[i] + 1) / 2 * chartWidth);
        points.add(chartTop() + CHART_HEIGHT * (1 - scale.position(loss)));
      } else if (!points.isEmpty()) {
        pieces.add(points.stream().mapToDouble(Double::doubleValue).toArray());
        points.clear();
      }
    }
    if (!points.isEmpty()) {
      pieces.add(points.stream().mapToDouble(Double::doubleValue).toArray());
    }
    return pieces;
  }

  private void legend() {
    double y = spectrumTop() + SpectrumChart.HEIGHT + 56;
    for (int i = 0; i < runs.size(); i++) {
      double[] sample = {LEFT, y - 4, LEFT + 28, y - 4};
      svg.path(sample, Palette.line(i), 2, Palette.dashes(i));
      svg.text(LEFT + 36, y, Anchor.START, runs.get(i).run());
      y += LEGEND_ROW;
    }
  }

  /** Of a tick. */
  static String label(double value) {
    String text = String.format(Locale.ROOT, "%.3g", value);
    if (text.contains("e")) {
      return text.replaceFirst("\\.?0*e", "e").replaceFirst("e([+-])0", "e$1");
    }
    return text.contains(".") ? text.replaceFirst("\\.?0+$", "") : text;
  }
}
