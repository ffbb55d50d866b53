package io.gradsieve.cli;

import io.gradsieve.config.Options;
import io.gradsieve.diagnose.DataReport;
import io.gradsieve.diagnose.MachineReport;
import io.gradsieve.diagnose.NativeCopy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code doctor}. */
final class DoctorCommand {
  private DoctorCommand() {}

  static Outcome run(Invocation invocation) {
    Optional<String> unpack = invocation.settings().find(Options.UNPACK);
    List<String> lines = new ArrayList<>();
    Map<String, Object> fields = new LinkedHashMap<>();
    if (unpack.isPresent()) {
      List<Path> written = NativeCopy.write(unpack.get());
      written.forEach(path -> lines.add("unpacked     " + path));
      fields.put("unpacked", written.stream().map(Path::toString).toList());
    }
    MachineReport machine = MachineReport.of(invocation.environment());
    lines.addAll(machine.lines());
    fields.putAll(machine.fields());
    if (invocation.settings().given(Options.CHECKED_DATA)) {
      DataReport data = DataReport.of(invocation.settings());
      lines.add("");
      lines.addAll(data.lines());
      fields.put("data", data.fields());
    }
    return Outcome.of(String.join("\n", lines), fields);
  }
}
