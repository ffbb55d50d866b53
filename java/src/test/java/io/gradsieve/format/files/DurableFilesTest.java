package io.gradsieve.format.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurableFilesTest {
  @TempDir Path directory;

  @Test
  void aFailureSaysTheReasonAndNotThePathTwice() throws IOException {
    DurableFiles files = new DurableFiles();
    Path lost = directory.resolve("gone/model.safetensors");
    assertThatThrownBy(() -> files.write(lost, target -> target.write(ByteBuffer.allocate(1))))
        .isInstanceOf(GradsieveException.Output.class)
        .hasMessageStartingWith(lost + ": can't be written: its directory does not exist;");
    Path taken = Files.writeString(directory.resolve("file"), "mine");
    assertThatThrownBy(() -> files.createDirectories(taken))
        .isInstanceOf(GradsieveException.Output.class)
        .hasMessageStartingWith(taken + ": can't be written: something that is no directory");
  }

  @Test
  void whatCouldNotBeWrittenLeavesNothingBeside() throws IOException {
    Path file = Files.writeString(directory.resolve("model.yaml"), "before");
    DurableFiles files =
        new DurableFiles(
            (operation, path) -> {
              if (operation.equals("sync")) {
                throw new IOException("No space left on device");
              }
            });
    assertThatThrownBy(() -> files.replace(file, target -> target.write(ByteBuffer.allocate(9))))
        .isInstanceOf(GradsieveException.Output.class);
    assertThat(file).hasContent("before");
    assertThat(directory).isDirectoryNotContaining("glob:**.partial");
    assertThatThrownBy(
            () ->
                new DurableFiles()
                    .replace(
                        file,
                        target -> {
                          target.write(ByteBuffer.allocate(9));
                          throw new GradsieveException.BadData("the source changed");
                        }))
        .isInstanceOf(GradsieveException.BadData.class);
    assertThat(file).hasContent("before");
    assertThat(directory).isDirectoryNotContaining("glob:**.partial");
  }

  @Test
  void aManifestThatListsWhatIsNoNameIsRefused() throws IOException {
    Files.writeString(directory.resolve(Manifest.FILE), "{\"schema\":1,\"files\":[\"\\u0000\"]}");
    assertThatThrownBy(() -> Manifest.read(directory, new DurableFiles()))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("nothing was deleted");
  }
}
