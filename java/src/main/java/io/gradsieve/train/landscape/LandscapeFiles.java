package io.gradsieve.train.landscape;

import io.gradsieve.train.Evaluation;
import io.gradsieve.train.checkpoint.DurableFiles;
import io.gradsieve.train.scoring.OutputFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The files of a landscape; a figure that is not finite is an empty cell. */
final class LandscapeFiles {
  private static final String SURFACE = "surface.csv";
  private static final String LINE = "line.csv";
  private static final String SHARPNESS = "sharpness.csv";
  private static final String PICTURE = "landscape.svg";

  /** All, in the order they are written in. */
  static final List<String> NAMES = List.of(SURFACE, LINE, SHARPNESS, PICTURE);

  private LandscapeFiles() {}

  /**
   * Whether they can be written into a directory that is there.
   *
   * @throws io.gradsieve.GradsieveException.Output if not
   */
  static void check(Path directory) {
    if (Files.isDirectory(directory)) {
      NAMES.forEach(name -> OutputFile.of(directory.resolve(name).toString()));
    }
  }

  /** Writes all; the directory is made. */
  static void write(Path directory, List<RunLandscape> runs) {
    new DurableFiles().createDirectories(directory);
    writeSurface(directory.resolve(SURFACE), runs);
    writeLine(directory.resolve(LINE), runs);
    OutputFile.writeCsv(
        directory.resolve(SHARPNESS),
        csv -> {
          csv.writeRecord("run", "loss", "top_eigenvalue", "trace");
          for (RunLandscape run : runs) {
            csv.writeRecord(
                run.run(),
                cell(run.trained().loss()),
                cell(run.sharpness().topEigenvalue()),
                cell(run.sharpness().trace()));
          }
        });
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

  private static String cell(double value) {
    return Double.isFinite(value) ? Double.toString(value) : "";
  }
}
