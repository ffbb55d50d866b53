package io.gradsieve.landscape;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.algebra.Lapack;
import io.gradsieve.config.Options;
import io.gradsieve.config.Settings;
import io.gradsieve.format.FileNames;
import io.gradsieve.run.RunDirectory;
import io.gradsieve.train.Evaluation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * {@code landscape}: the loss around each run's trained weights, along two random directions whose
 * filters are as large as the weights' own, and the sharpness at them:
 *
 * <pre>
 * for each run:
 *   w = its weights; d, e = filter-normalised directions of the seed
 *   spectrum and trace of the Hessian at w
 *   line:    loss(w + x·d)         for x from −1 to 1
 *   surface: loss(w + x·d + y·e)   for x and y from −1 to 1
 * write the tables and the picture
 * </pre>
 */
public final class Landscape {
  /** Maps that fit side by side into one picture. */
  private static final int MOST_RUNS = 16;

  private Landscape() {}

  /** What was written, and a line's worth of figures for each run. */
  public record Summary(Path out, List<String> files, int grid, List<Figures> runs) {}

  /**
   * One run.
   *
   * @param samples the loss is the mean over
   * @param loss at the trained weights
   * @param lowest loss of the surface, NaN if none is finite
   * @param highest likewise
   */
  public record Figures(
      String run,
      int samples,
      double loss,
      double accuracy,
      double topEigenvalue,
      double trace,
      double traceError,
      double lowest,
      double highest) {

    private static Figures of(RunLandscape run) {
      return new Figures(
          run.run(),
          run.samples(),
          run.trained().loss(),
          run.trained().accuracy(),
          run.sharpness().topEigenvalue(),
          run.sharpness().trace(),
          run.sharpness().traceError(),
          run.losses().min().orElse(Double.NaN),
          run.losses().max().orElse(Double.NaN));
    }

    /** For JSON. */
    public Map<String, Object> fields() {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("run", run);
      fields.put("samples", samples);
      fields.put("loss", loss);
      fields.put("accuracy", accuracy);
      fields.put("top_eigenvalue", topEigenvalue);
      fields.put("trace", trace);
      fields.put("trace_error", traceError);
      fields.put("lowest_loss", orNull(lowest));
      fields.put("highest_loss", orNull(highest));
      return fields;
    }

    /** JSON has no NaN. */
    private static @Nullable Double orNull(double value) {
      return Double.isNaN(value) ? null : value;
    }
  }

  /**
   * Measures every run, then writes the files.
   *
   * @param runs directories of runs or of checkpoints
   * @param progress takes a line before each run, and one a minute
   * @param notes takes what there is to tell of the data
   */
  public static Summary write(
      Settings settings, List<String> runs, Consumer<String> progress, Consumer<String> notes) {
    List<String> models = models(runs);
    models.forEach(
        model -> settings.with(Options.TRAINED_MODEL, model, "argument").protectInputs());
    Path out = out(settings.get(Options.LANDSCAPE_OUT));
    Lapack lapack = Lapack.open();
    List<RunLandscape> measured = new ArrayList<>();
    for (int i = 0; i < models.size(); i++) {
      Settings ofRun = settings.with(Options.TRAINED_MODEL, models.get(i), "argument");
      try (NetworkLoss loss = NetworkLoss.open(ofRun, notes)) {
        int grid = settings.get(Options.GRID);
        int steps = Spectrum.steps(loss.trained().length, Runtime.getRuntime().maxMemory());
        progress.accept(cost(runs.get(i), grid, loss, steps));
        LandscapeProgress ofThis = new LandscapeProgress(runs.get(i), progress, System::nanoTime);
        measured.add(
            measure(runs.get(i), loss, grid, steps, lapack, settings.get(Options.SEED), ofThis));
      }
    }
    LandscapeFiles.write(out, measured);
    return new Summary(
        out,
        LandscapeFiles.NAMES,
        settings.get(Options.GRID),
        measured.stream().map(Figures::of).toList());
  }

  /** Told before the work. */
  private static String cost(String run, int grid, NetworkLoss loss, int steps) {
    boolean less = steps < Math.min(Spectrum.STEPS, loss.trained().length);
    return "%s: %d x %d points and %,d gradients (Lanczos: %d x %d steps%s), each over %,d samples"
        .formatted(
            run,
            grid,
            grid,
            gradients(steps),
            Spectrum.PROBES,
            steps,
            less ? ", as many as fit into Java's memory; -Xmx gives more" : "",
            loss.samples());
  }

  private static int gradients(int steps) {
    return 2 * (Spectrum.PROBES * steps + Sharpness.VECTORS);
  }

  private static RunLandscape measure(
      String run,
      NetworkLoss loss,
      int grid,
      int steps,
      Lapack lapack,
      long seed,
      LandscapeProgress progress) {
    float[] w = loss.trained();
    Evaluation trained = loss.at(w);
    progress.begin("gradients for the Hessian", gradients(steps));
    LossFunction watched =
        (weights, factor, sum) -> {
          loss.addGradient(weights, factor, sum);
          progress.tick();
        };
    Hessian hessian = new Hessian(watched, loss.trainable(), w, loss.smooth());
    Sharpness sharpness = Sharpness.of(hessian, Spectrum.of(hessian, steps, lapack, seed), seed);
    progress.begin("points", grid * (1 + grid));
    float[] d = direction(loss, seed, 0);
    float[] e = direction(loss, seed, 1);
    double[] axis = axis(grid);
    float[] point = new float[w.length];
    Evaluation[] line = new Evaluation[grid];
    Evaluation[][] surface = new Evaluation[grid][grid];
    for (int i = 0; i < grid; i++) {
      line[i] = loss.at(move(w, axis[i], d, 0, e, point));
      progress.tick();
    }
    for (int j = 0; j < grid; j++) {
      for (int i = 0; i < grid; i++) {
        surface[j][i] = loss.at(move(w, axis[i], d, axis[j], e, point));
        progress.tick();
      }
    }
    return new RunLandscape(run, loss.samples(), trained, sharpness, axis, line, surface);
  }

  private static float[] direction(NetworkLoss loss, long seed, int which) {
    RandomBits draws = RandomBits.of(seed, "landscape direction", which);
    return Directions.filterNormalised(loss.trainable(), loss.trained(), draws);
  }

  /** From −1 to 1; the middle of an odd number is 0 exactly. */
  static double[] axis(int points) {
    double[] axis = new double[points];
    for (int i = 0; i < points; i++) {
      axis[i] = (2.0 * i - (points - 1)) / (points - 1);
    }
    return axis;
  }

  /** point = w + x·d + y·e. */
  private static float[] move(float[] w, double x, float[] d, double y, float[] e, float[] point) {
    for (int i = 0; i < w.length; i++) {
      point[i] = (float) (w[i] + x * d[i] + y * e[i]);
    }
    return point;
  }

  private static List<String> models(List<String> runs) {
    if (runs.isEmpty()) {
      throw new GradsieveException.Usage(
          "landscape: which run? Name one or more run directories, as in landscape runs/fashion");
    }
    if (runs.size() > MOST_RUNS) {
      throw new GradsieveException.Usage(
          "landscape: %d runs; at most %d fit into one picture".formatted(runs.size(), MOST_RUNS));
    }
    Set<Path> seen = new HashSet<>();
    List<String> models = new ArrayList<>();
    for (String run : runs) {
      Path path = FileNames.path("RUN", run);
      if (!Files.isDirectory(path)) {
        throw new GradsieveException.BadData(
            "landscape %s: %s; name the directory of a run or of a checkpoint"
                .formatted(run, Files.exists(path) ? "is no directory" : "does not exist"));
      }
      if (!seen.add(path.toAbsolutePath().normalize())) {
        throw new GradsieveException.Usage("landscape: %s is named twice".formatted(run));
      }
      // Absolute, so that a directory called as a built-in model is not taken for that.
      models.add(path.toAbsolutePath().toString());
    }
    return models;
  }

  /** Looked at before the work is done. */
  private static Path out(String text) {
    Path out = FileNames.path("--out", text);
    // Files of ours are replaced, all others stay: as with a run that is overwritten.
    RunDirectory.check(out, false, true);
    LandscapeFiles.check(out);
    return out;
  }
}
