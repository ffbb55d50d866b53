package io.gradsieve.run;

import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.MemoryLedger;
import io.gradsieve.backend.Precision;
import io.gradsieve.config.CommandOptions;
import io.gradsieve.config.Option;
import io.gradsieve.config.Settings;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.nn.Network;
import io.gradsieve.nn.NetworkSummary;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.sieve.policy.SieveSchedule;
import io.gradsieve.train.PreparedTraining;
import io.gradsieve.train.TrainingData;
import io.gradsieve.train.TrainingSession;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** {@code --dry-run}: everything a run would decide, with nothing computed and nothing written. */
public final class TrainingPreview {
  private static final double MIB = 1 << 20;

  private final Map<String, Object> fields = new LinkedHashMap<>();
  private final List<String> lines = new ArrayList<>();

  private TrainingPreview() {}

  /** Reads the data, builds the network and its step, and lets go of both. */
  public static TrainingPreview of(TrainingConfig asked) {
    PreparedTraining prepared = Preparation.of(asked);
    TrainingPreview preview = new TrainingPreview();
    preview.options(prepared.config());
    preview.data(prepared.data(), Preparation.remarks(prepared));
    preview.step(prepared);
    preview.sieve(prepared);
    return preview;
  }

  /** For people. */
  public String text() {
    return String.join("\n", lines).stripTrailing();
  }

  /** For JSON. */
  public Map<String, Object> fields() {
    return new LinkedHashMap<>(fields);
  }

  private void add(String format, Object... values) {
    lines.add(String.format(Locale.ROOT, format, values).stripTrailing());
  }

  private void options(TrainingConfig config) {
    Map<String, Object> all = new LinkedHashMap<>();
    add("Options");
    for (Option<?> option : CommandOptions.TRAIN) {
      Optional<? extends Settings.Setting<?>> setting = config.settings().setting(option);
      String text = setting.map(s -> s.text()).orElse("-");
      String origin = setting.map(s -> s.origin()).orElse("not given");
      add("  %-17s %-40s %s", option.name(), text, origin);
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("value", setting.map(TrainingPreview::plain).orElse(null));
      entry.put("origin", origin);
      all.put(option.name(), entry);
    }
    add("  the rate at its peak, scaled by the batch: %s", config.learningRate());
    add("");
    fields.put("options", all);
    fields.put("peak_learning_rate", config.learningRate());
  }

  private static Object plain(Settings.Setting<?> setting) {
    Object value = setting.value();
    if (value instanceof List<?> list) {
      return List.copyOf(list);
    }
    // a precision has always stood here in capitals
    boolean asItIs =
        value instanceof Number || value instanceof Boolean || value instanceof Precision;
    return asItIs ? value : setting.text();
  }

  private void data(TrainingData data, List<String> remarks) {
    add("Data");
    add("  %s", Description.data(data));
    remarks.forEach(remark -> add("  %s", remark));
    add("");
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("name", data.dataset().name());
    entry.put("train", data.train().length);
    entry.put("validation", data.validation().length);
    entry.put("test", data.test().length);
    entry.put("classes", data.dataset().classes().size());
    entry.put("shape", data.dataset().shape().toString());
    entry.put("remarks", remarks);
    fields.put("data", entry);
  }

  /** The compiled step. What a run takes is measured, not guessed: it is taken and given back. */
  private void step(PreparedTraining prepared) {
    TrainingConfig config = prepared.config();
    try (Backend backend = Backends.open(config.device(), config.threads(), config.precision());
        Network network = Network.create(prepared.spec(), backend::parameters, config.seed())) {
      StepPlan plan = TrainingSession.plan(backend, network, prepared);
      try (CompiledStep step =
          backend.compile(plan, network.weights(), Optional.of(config.optimizer()))) {
        network(NetworkSummary.of(prepared.spec(), plan.segmentOfLayers()));
        memory(backend.ledger());
      }
    }
  }

  private void network(NetworkSummary summary) {
    add("Network");
    add("  %-22s %-14s %-14s %12s  %s", "layer", "kind", "output", "parameters", "segment");
    List<Map<String, Object>> layers = new ArrayList<>();
    for (NetworkSummary.Row row : summary.rows()) {
      add(
          "  %-22s %-14s %-14s %,12d  %s",
          row.name(),
          row.kind(),
          row.outputShape(),
          row.parameters(),
          row.segment() < 0 ? "-" : Integer.toString(row.segment()));
      Map<String, Object> layer = new LinkedHashMap<>();
      layer.put("layer", row.name());
      layer.put("kind", row.kind());
      layer.put("output", row.outputShape());
      layer.put("parameters", row.parameters());
      layer.put("segment", row.segment() < 0 ? null : row.segment());
      layers.add(layer);
    }
    add("  %,d parameters, %d segments", summary.parameters(), summary.segments());
    add("");
    fields.put("layers", layers);
    fields.put("parameters", summary.parameters());
    fields.put("segments", summary.segments());
  }

  private void memory(MemoryLedger ledger) {
    Map<String, Long> open = ledger.open();
    long peak = ledger.peak();
    add("Native memory");
    open.forEach((purpose, bytes) -> add("  %-22s %,10.1f MiB", purpose, bytes / MIB));
    add("  %-22s %,10.1f MiB", "all", peak / MIB);
    add("");
    fields.put("memory_bytes", open);
    fields.put("memory_bytes_all", peak);
  }

  private void sieve(PreparedTraining prepared) {
    TrainingConfig config = prepared.config();
    int samples = prepared.data().train().length;
    SieveSchedule schedule =
        SieveSchedule.of(config.policy(), samples, config.batchSize(), config.epochs());
    add("Sieve %s: %s", config.policy().options().spec(), config.policy().asked());
    List<Map<String, Object>> epochs = new ArrayList<>();
    String before = "";
    for (SieveSchedule.Epoch epoch : schedule.epochs()) {
      String what =
          "%s keeps %s of %,d samples in %s steps of %s"
              .formatted(
                  epoch.filtered() ? "filtered," : "full,",
                  range(epoch.leastKept(), epoch.mostKept()),
                  samples,
                  range(epoch.leastSteps(), epoch.mostSteps()),
                  range(epoch.smallestBatch(), epoch.largestBatch()));
      if (!what.equals(before)) {
        add("  from epoch %d: %s", epoch.epoch(), what);
      }
      before = what;
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("epoch", epoch.epoch());
      entry.put("filtered", epoch.filtered());
      entry.put("kept_at_least", epoch.leastKept());
      entry.put("kept_at_most", epoch.mostKept());
      epochs.add(entry);
    }
    add(
        "  %.1f to %.1f %% of the run's gradients are skipped",
        100 * schedule.leastSkipped(), 100 * schedule.mostSkipped());
    fields.put("sieve", epochs);
    fields.put("skipped_at_least", schedule.leastSkipped());
    fields.put("skipped_at_most", schedule.mostSkipped());
  }

  private static String range(int least, int most) {
    return least == most
        ? String.format(Locale.ROOT, "%,d", least)
        : String.format(Locale.ROOT, "%,d to %,d", least, most);
  }
}
