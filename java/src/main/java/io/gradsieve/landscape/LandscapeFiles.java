package io.gradsieve.landscape;

import io.gradsieve.GradsieveException;
import io.gradsieve.format.files.DurableFiles;
import io.gradsieve.format.files.Manifest;
import io.gradsieve.format.files.OutputFile;
import io.gradsieve.train.Evaluation;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The files of a landscape, which the directory's manifest lists; a figure that is not finite is an
 * empty cell.
 */
final class LandscapeFiles {
  private static final String SURFACE = "surface.csv";
  private static final String LINE = "line.csv";
  private static final String SHARPNESS = "sharpness.csv";
  private static final String SPECTRUM = "spectrum.csv";
  private static final String PICTURE = "landscape.svg";

  /** All, in the order they are written in. */
  static final List<String> NAMES = List.of(SURFACE, LINE, SHARPNESS, SPECTRUM, PICTURE);

  private LandscapeFiles() {}

  /**
   * Whether they can be written into a directory that is there.
   *
   * @throws GradsieveException.Output if not
   * @throws GradsieveException.Usage if a file of one of the names is not ours
   */
  static void check(Path directory) {
    if (!Files.isDirectory(directory)) {
      return;
    }
    Manifest manifest;
    try {
      manifest = Manifest.read(directory, new DurableFiles());
    } catch (GradsieveException.BadData e) {
      throw new GradsieveException.Usage(
          "--out %s: its %s is not a manifest of ours; name another directory"
              .formatted(directory, Manifest.FILE));
    }
    for (String name : NAMES) {
      Path file = directory.resolve(name);
      OutputFile.of(file.toString());
      if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !manifest.contains(name)) {
        throw new GradsieveException.Usage(
            "--out %s: is not listed in a manifest of ours; move it away, or name another directory"
                .formatted(file));
      }
    }
  }

  /** Writes all; the directory is made. */
  static void write(Path directory, List<RunLandscape> runs) {
    DurableFiles files = new DurableFiles();
    files.createDirectories(directory);
    List<String> listed = new ArrayList<>(NAMES);
    listed.add(Manifest.FILE);
    Manifest.read(directory, files).add(listed);
    writeSurface(directory.resolve(SURFACE), runs);
    writeLine(directory.resolve(LINE), runs);
    OutputFile.writeCsv(
        directory.resolve(SHARPNESS),
        csv -> {
          csv.writeRecord("run", "loss", "top_eigenvalue", "trace", "trace_error");
          for (RunLandscape run : runs) {
            csv.writeRecord(
                run.run(),
                cell(run.trained().loss()),
                cell(run.sharpness().topEigenvalue()),
                cell(run.sharpness().trace()),
                cell(run.sharpness().traceError()));
          }
        });
    writeSpectrum(directory.resolve(SPECTRUM), runs);
    OutputFile.writeText(directory.resolve(PICTURE), LandscapePicture.svg(runs));
  }

  private static void writeSurface(Path file, List<RunLandscape> runs) {
    OutputFile.writeCsv(
        file,
        csv -> {
          csv.writeRecord("run", "x", "y", "loss", "accuracy");
          for (RunLandscape run : runs) {
            double[] axis = run.axis();
            for (int j = 0; j < axis.length; j++) {
              for (int i = 0; i < axis.length; i++) {
                Evaluation at = run.surface()[j][i];
                csv.writeRecord(
                    run.run(), cell(axis[i]), cell(axis[j]), cell(at.loss()), cell(at.accuracy()));
              }
            }
          }
        });
  }

  private static void writeLine(Path file, List<RunLandscape> runs) {
    OutputFile.writeCsv(
        file,
        csv -> {
          csv.writeRecord("run", "x", "loss", "accuracy");
          for (RunLandscape run : runs) {
            for (int i = 0; i < run.axis().length; i++) {
              Evaluation at = run.line()[i];
              csv.writeRecord(run.run(), cell(run.axis()[i]), cell(at.loss()), cell(at.accuracy()));
            }
          }
        });
  }

  private static void writeSpectrum(Path file, List<RunLandscape> runs) {
    OutputFile.writeCsv(
        file,
        csv -> {
          csv.writeRecord("run", "kind", "value", "weight", "error");
          for (RunLandscape run : runs) {
            Spectrum spectrum = run.sharpness().spectrum();
            for (Spectrum.Eigenvalue found : spectrum.largest()) {
              csv.writeRecord(
                  run.run(), "eigenvalue", cell(found.value()), "", cell(found.error()));
            }
            for (Spectrum.Node node : spectrum.density()) {
              csv.writeRecord(run.run(), "density", cell(node.value()), cell(node.weight()), "");
            }
          }
        });
  }

  private static String cell(double value) {
    return Double.isFinite(value) ? Double.toString(value) : "";
  }
}
