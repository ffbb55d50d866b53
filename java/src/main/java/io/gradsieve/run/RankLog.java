package io.gradsieve.run;

import io.gradsieve.train.TrainingEvent.CheckpointSaved;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import io.gradsieve.train.TrainingEvent.Interrupted;
import io.gradsieve.train.TrainingEvent.RunFinished;
import io.gradsieve.train.TrainingEvent.RunStarted;
import io.gradsieve.train.TrainingListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * {@code logs/rank-N.log}: what happened to one worker, a line each, with the time. Lines that come
 * before the run's directory is known wait for it. For all threads, those of connections among
 * them: one of its own writes, as a directory that hangs must not silence a worker. A log that
 * can't be written is no reason to end a job.
 */
final class RankLog implements TrainingListener, AutoCloseable {
  /** Directory of a run that holds them. */
  static final String DIRECTORY = "logs";

  /** Seconds for the last lines. */
  private static final long PATIENCE = 2;

  /** Lines that wait for the file: what comes to more is lost. */
  private static final int LINES = 1_000;

  private final ThreadPoolExecutor writer =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(LINES),
          work -> {
            Thread thread = new Thread(work, "gradsieve-log");
            thread.setDaemon(true);
            return thread;
          },
          new ThreadPoolExecutor.DiscardPolicy());

  // Of the writer.
  private final List<String> waiting = new ArrayList<>();
  private Path file = Path.of("");

  /** The log of a rank, as its name in a run. */
  static String name(int rank) {
    return "%s/rank-%d.log".formatted(DIRECTORY, rank);
  }

  /** From now on lines go to the file of this rank. */
  void open(Path run, int rank) {
    writer.execute(() -> begin(run, rank));
  }

  private void begin(Path run, int rank) {
    file = run.resolve(name(rank));
    try {
      Files.createDirectories(run.resolve(DIRECTORY));
    } catch (IOException e) {
      // the lines below find no directory either
    }
    List<String> before = List.copyOf(waiting);
    waiting.clear();
    before.forEach(this::write);
  }

  /** Adds a line. */
  void line(String text) {
    String time = LocalDateTime.now().truncatedTo(ChronoUnit.MILLIS).toString();
    writer.execute(() -> write(time + " " + text));
  }

  private void write(String line) {
    if (file.toString().isEmpty()) {
      waiting.add(line);
      return;
    }
    try {
      Files.writeString(
          file,
          line + "\n",
          StandardCharsets.UTF_8,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      // the line is lost
    }
  }

  @Override
  public void runStarted(RunStarted event) {
    line(
        "training begins after epoch %d, step %d"
            .formatted(event.resumedEpoch(), event.resumedStep()));
  }

  @Override
  public void epochFinished(EpochFinished event) {
    line(
        String.format(
            Locale.ROOT,
            "epoch %d ended: loss %.6g, %d samples kept",
            event.metrics().epoch(),
            event.metrics().trainLoss(),
            event.metrics().samplesKept()));
  }

  @Override
  public void checkpointSaved(CheckpointSaved event) {
    line("checkpoint " + event.path());
  }

  @Override
  public void interrupted(Interrupted event) {
    line("asked to stop in epoch %d after step %d".formatted(event.epoch(), event.step()));
  }

  @Override
  public void runFinished(RunFinished event) {
    line("training ends");
  }

  /** Waits a while for what is not written yet. */
  @Override
  public void close() {
    writer.shutdown();
    try {
      writer.awaitTermination(PATIENCE, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
