package io.gradsieve.format.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputFileTest {
  @TempDir Path directory;

  @Test
  void aDeviceIsRefusedAndNotReplaced() throws IOException {
    // Behind a link: were it replaced, the machine would keep its device.
    Path link = Files.createSymbolicLink(directory.resolve("out.csv"), Path.of("/dev/null"));
    assertThatThrownBy(() -> OutputFile.of(link.toString(), "csv"))
        .isInstanceOf(GradsieveException.Output.class)
        .hasMessageContaining("out.csv: is a device or a pipe");
    assertThat(link).isSymbolicLink();
  }

  @Test
  void aFileIsReplacedAndOneThatIsNotThereIsMade() throws IOException {
    Path file = directory.resolve("out.csv");
    OutputFile.writeText(OutputFile.of(file.toString(), "csv"), "one");
    OutputFile.writeText(OutputFile.of(file.toString(), "csv"), "two");
    assertThat(file).hasContent("two");
    assertThat(directory.resolve("out.csv.partial")).doesNotExist();
  }

  @Test
  void aFileBesideItThatIsNotOursKeepsItsContent() throws IOException {
    Path file = directory.resolve("out.csv");
    Path others = Files.writeString(directory.resolve("out.csv.partial"), "mine");
    OutputFile.writeText(OutputFile.of(file.toString(), "csv"), "one");
    assertThat(file).hasContent("one");
    assertThat(others).hasContent("mine");
    assertThat(directory).isDirectoryNotContaining("glob:**/*.2.partial");
  }
}
