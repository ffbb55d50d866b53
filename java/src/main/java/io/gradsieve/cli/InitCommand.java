package io.gradsieve.cli;

import io.gradsieve.GradsieveException;
import io.gradsieve.config.ConfigText;
import io.gradsieve.config.Options;
import io.gradsieve.format.files.OutputFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** {@code init}. */
final class InitCommand {
  private InitCommand() {}

  static Outcome run(Invocation invocation) {
    String template = ConfigText.template();
    Optional<String> out = invocation.settings().find(Options.INIT_OUT);
    Map<String, Object> fields = new LinkedHashMap<>();
    if (out.isEmpty()) {
      fields.put("config", template);
      return Outcome.of(template.stripTrailing(), fields);
    }
    Path path = OutputFile.of(out.get());
    if (Files.exists(path)) {
      throw new GradsieveException.Usage(
          "--out %s: is there already, perhaps with changes of yours; name another file"
              .formatted(path));
    }
    OutputFile.writeText(path, template);
    fields.put("out", path.toString());
    return Outcome.of("%s: edit it, then train --config %s".formatted(path, path), fields);
  }
}
