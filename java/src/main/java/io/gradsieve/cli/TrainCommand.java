package io.gradsieve.cli;

import io.gradsieve.config.JoiningConfig;
import io.gradsieve.config.Options;
import io.gradsieve.config.ProgressForm;
import io.gradsieve.config.Settings;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.dist.cluster.Launchers;
import io.gradsieve.dist.cluster.Place;
import io.gradsieve.dist.launch.ParentWatch;
import io.gradsieve.dist.launch.ServerProcess;
import io.gradsieve.run.ProgressReport;
import io.gradsieve.run.ResumedSettings;
import io.gradsieve.run.RunDirectory;
import io.gradsieve.run.TrainingPreview;
import io.gradsieve.run.TrainingRun;
import io.gradsieve.run.WorkersRun;
import io.gradsieve.train.Evaluation;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.TrainingListener;
import io.gradsieve.train.TrainingResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** {@code train}. */
final class TrainCommand {
  private static final int TERMINATED = 15;

  private TrainCommand() {}

  static Outcome run(Invocation invocation) {
    TrainingConfig config = ResumedSettings.of(new TrainingConfig(invocation.settings()));
    if (invocation.settings().get(Options.DRY_RUN)) {
      TrainingPreview preview = TrainingPreview.of(config);
      return Outcome.of(preview.text(), preview.fields());
    }
    Optional<Place> place = Launchers.find(invocation.environment());
    return place.isPresent() ? shared(invocation, config, place.get()) : alone(invocation, config);
  }

  private static Outcome alone(Invocation invocation, TrainingConfig asked) {
    TrainingConfig config =
        asked.out().isEmpty() ? asked.withOut(RunDirectory.fresh(asked)) : asked;
    StopRequest stop = new StopRequest();
    List<TrainingListener> listeners = new ArrayList<>();
    progress(invocation).ifPresent(listeners::add);
    try (Signals signals = Signals.to(stop)) {
      listeners.add(signals);
      TrainingResult result = TrainingRun.of(config, listeners, stop, invocation::note).run();
      return new Outcome(exitCode(result), text(config, result), fields(config, result, 1));
    }
  }

  /** As one of several workers; the first of them has the outcome, the others end without words. */
  private static Outcome shared(Invocation invocation, TrainingConfig config, Place place) {
    place.remarks().forEach(remark -> invocation.note("warning: " + remark));
    JoiningConfig joining =
        config
            .workers()
            .joining()
            .orTokenFile(
                Optional.ofNullable(invocation.environment().get(JoiningConfig.TOKEN_VARIABLE)));
    // nothing is lost by it: checkpoints are whole or not there, and the others go on without
    ParentWatch.start(
        invocation.environment(), () -> Runtime.getRuntime().halt(Signals.SIGNALLED + TERMINATED));
    ServerProcess.ensure(
        place,
        new ServerProcess.Request(
            1,
            joining.joinTimeout(),
            joining.allowMinority(),
            joining.tokenFile(),
            WorkersRun.tls(joining)),
        invocation::note);
    StopRequest stop = new StopRequest();
    try (Signals signals = Signals.to(stop)) {
      WorkersRun.End end =
          new WorkersRun(
                  config,
                  place,
                  joining,
                  List.of(signals),
                  progress(invocation).stream().toList(),
                  stop,
                  invocation::note)
              .run();
      TrainingResult result = end.result();
      if (!end.first()) {
        return Outcome.silent(exitCode(result));
      }
      if (end.workers() < place.world()) {
        invocation.note(
            "warning: at the end %d of %d workers trained".formatted(end.workers(), place.world()));
      }
      return new Outcome(
          exitCode(result), text(config, result), fields(config, result, end.workers()));
    }
  }

  private static int exitCode(TrainingResult result) {
    return result.signal() == 0 ? 0 : Signals.SIGNALLED + result.signal();
  }

  private static Optional<TrainingListener> progress(Invocation invocation) {
    Settings settings = invocation.settings();
    ProgressForm form = settings.get(Options.PROGRESS);
    if (settings.get(Options.QUIET) || form == ProgressForm.NONE) {
      return Optional.empty();
    }
    boolean bar = form == ProgressForm.BAR || (form == ProgressForm.AUTO && invocation.terminal());
    return Optional.of(
        new ProgressReport(
            invocation.err(),
            bar ? ProgressReport.Form.BAR : ProgressReport.Form.LINES,
            bar
                ? Terminal.STANDARD_ERROR.watched(invocation.environment())
                : () -> Terminal.DEFAULT_COLUMNS));
  }

  private static String text(TrainingConfig config, TrainingResult result) {
    List<String> lines = new ArrayList<>();
    if (result.signal() != 0) {
      lines.add(
          "stopped after %d of %d epochs; %s"
              .formatted(
                  result.epochs(),
                  config.epochs(),
                  result
                      .checkpoint()
                      .flatMap(checkpoint -> result.directory())
                      .map(run -> "go on with train --resume --out " + run)
                      .orElse("there is no checkpoint yet")));
      return String.join("\n", lines);
    }
    lines.add(accuracy(result));
    result.recalibrated().ifPresent(a -> lines.add(line("test accuracy recalibrated %.4f", a)));
    lines.add(saved(config, result));
    result
        .filterCorrelation()
        .ifPresent(
            r ->
                lines.add(
                    line(
                        "filter: rank correlation %.3f with the %s of samples held out",
                        r, config.ranking().score().key())));
    result
        .directory()
        .ifPresent(path -> lines.add("model %s".formatted(path.resolve(RunDirectory.WEIGHTS))));
    return String.join("\n", lines);
  }

  private static String accuracy(TrainingResult result) {
    List<String> figures = new ArrayList<>();
    result
        .test()
        .ifPresentOrElse(
            t -> figures.add(line("test accuracy %.4f, loss %.4f", t.accuracy(), t.loss())),
            () -> figures.add("no test part, so no test accuracy"));
    result
        .validation()
        .ifPresent(
            v -> figures.add(line("validation accuracy %.4f, loss %.4f", v.accuracy(), v.loss())));
    if (result.test().isEmpty()) {
      double accuracy = result.trainAccuracy();
      figures.add(line("training accuracy %.4f, loss %.4f", accuracy, result.trainLoss()));
    }
    return String.join("; ", figures);
  }

  private static String saved(TrainingConfig config, TrainingResult result) {
    String asked = config.policy().asked();
    String real =
        line(
            "sieve %s: asked to %s; %.1f %% of all gradients skipped",
            config.policy().name(), asked, 100 * result.skipped());
    String time = line("; trained %.1f s", result.seconds());
    if (result.timeSaved().isPresent()) {
      double share = result.timeSaved().get();
      time +=
          line(
              ", %.0f %% %s than %d full epochs of %.3g s each",
              100 * Math.abs(share),
              share >= 0 ? "less" : "more",
              result.epochs(),
              result.fullEpochSeconds().orElse(0.0));
    }
    return real + time;
  }

  private static String line(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  private static Map<String, Object> fields(
      TrainingConfig config, TrainingResult result, int workers) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("out", result.directory().map(Path::toString).orElse(null));
    fields.put("epochs", result.epochs());
    fields.put("train_loss", result.trainLoss());
    fields.put("train_accuracy", result.trainAccuracy());
    fields.put("validation_loss", result.validation().map(Evaluation::loss).orElse(null));
    fields.put("validation_accuracy", result.validation().map(Evaluation::accuracy).orElse(null));
    fields.put("test_loss", result.test().map(Evaluation::loss).orElse(null));
    fields.put("test_accuracy", result.test().map(Evaluation::accuracy).orElse(null));
    fields.put("test_accuracy_recalibrated", result.recalibrated().orElse(null));
    fields.put("sieve", config.policy().options().spec());
    fields.put("asked", config.policy().asked());
    fields.put("skipped_fraction", result.skipped());
    fields.put("train_seconds", result.seconds());
    fields.put("full_epoch_seconds", result.fullEpochSeconds().orElse(null));
    fields.put("time_saved_fraction", result.timeSaved().orElse(null));
    fields.put("filter_rank_correlation", result.filterCorrelation().orElse(null));
    fields.put("workers", workers);
    fields.put("checkpoint", result.checkpoint().map(Path::toString).orElse(null));
    return fields;
  }
}
