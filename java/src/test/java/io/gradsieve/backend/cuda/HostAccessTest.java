package io.gradsieve.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.gradsieve.natives.NativeMemory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Java code that reads or writes memory of the device would crash the process on a GPU: what stands
 * in for one says so in a line and ends the process too, after the JVM wrote where it was.
 */
@Tag("cuda")
class HostAccessTest {
  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"reads", "writes"})
  void javaCodeThatTouchesDeviceMemoryEndsTheProcess(String access) throws Exception {
    assumeTrue(
        Files.readString(Path.of("/proc/cpuinfo")).contains(" ospke"),
        "this machine has no memory protection keys, which close device memory to the host");
    Path crash = directory.resolve("crash.log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + crash,
                "-cp",
                System.getProperty("java.class.path"),
                HostAccessTest.class.getName(),
                access)
            .redirectErrorStream(true)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(out).isNotZero();
    assertThat(out.lines().findFirst().orElseThrow())
        .startsWith("gradsieve CUDA emulation: host code " + access + " device memory: byte 4")
        .contains(" of the 16 at 0x");
    assertThat(crash).content(StandardCharsets.UTF_8).contains(HostAccessTest.class.getName());
  }

  /** Takes the address of device memory for one of the host's. */
  public static void main(String[] arguments) {
    try (OnGpu gpu = new OnGpu()) {
      ByteBuffer view = NativeMemory.view(gpu.put(1, 2, 3, 4), 4 * Float.BYTES);
      if (arguments[0].equals("writes")) {
        view.putFloat(Float.BYTES, 5);
      }
      System.out.println(view.getFloat(Float.BYTES));
    }
  }
}
