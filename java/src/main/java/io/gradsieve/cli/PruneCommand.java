package io.gradsieve.cli;

import io.gradsieve.scoring.Pruning;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** {@code prune}. */
final class PruneCommand {
  private PruneCommand() {}

  static Outcome run(Invocation invocation) {
    Pruning.Summary summary = Pruning.write(invocation.settings(), invocation::note);
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("out", summary.out().toString());
    fields.put("samples", summary.samples());
    fields.put("kept", summary.kept());
    Integer aside = summary.aside().isPresent() ? summary.aside().getAsInt() : null;
    fields.put("set_aside", aside);
    fields.put("unlabelled", summary.unlabelled().orElse(null));
    return Outcome.of(
        String.format(
            Locale.ROOT,
            "%s: %,d of %,d samples kept%s%s",
            summary.out(),
            summary.kept(),
            summary.samples(),
            aside == null ? "" : ", %,d suspected labels set aside".formatted(aside),
            summary.unlabelled().map(why -> ", without labels: " + why).orElse("")),
        fields);
  }
}
