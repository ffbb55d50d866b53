package io.gradsieve.cli;

import io.gradsieve.scoring.ModelExport;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** {@code export}. */
final class ExportCommand {
  private ExportCommand() {}

  static Outcome run(Invocation invocation) {
    ModelExport.Summary summary = ModelExport.write(invocation.settings());
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("out", summary.out().toString());
    fields.put("format", "safetensors");
    fields.put("parameters", summary.parameters());
    return Outcome.of(
        String.format(Locale.ROOT, "%s: %,d parameters", summary.out(), summary.parameters()),
        fields);
  }
}
