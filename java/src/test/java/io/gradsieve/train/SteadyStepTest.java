package io.gradsieve.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.config.TrainingConfig;
import io.gradsieve.run.TrainingRun;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the trainer's thread allocates in a step that another thread may read of, in an interpreted
 * JVM of its own: a compiler adds no allocation to a step, but the JVM makes a class's string
 * constants whenever it first compiles one of the class's methods, in any epoch.
 */
class SteadyStepTest {
  private static final int EPOCHS = 3;

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"sieve=none", "micro-batch=20", "sieve=batch:from=1,balanced=true"})
  void aSteadyStepAllocatesNothing(String option) throws IOException, InterruptedException {
    Path output = directory.resolve("bytes");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xint",
                "-cp",
                System.getProperty("java.class.path"),
                SteadyStepTest.class.getName(),
                output.toString(),
                option)
            .inheritIO()
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    List<String> bytes = Files.readAllLines(output, StandardCharsets.US_ASCII);
    assertThat(bytes).hasSizeGreaterThan(20 * EPOCHS).containsOnly("0");
  }

  /**
   * To a file, the bytes that each step but an epoch's first, which starts the loader, allocates.
   */
  public static void main(String[] arguments) throws IOException {
    List<String> bytes = new ArrayList<>();
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long thread = Thread.currentThread().getId();
    TrainingListener listener =
        new TrainingListener() {
          private long before;

          @Override
          public void stepFinished(StepValues step) {
            long allocated = threads.getThreadAllocatedBytes(thread) - before;
            if (step.step() > 1) {
              bytes.add(Long.toString(allocated));
            }
            before = threads.getThreadAllocatedBytes(thread);
          }
        };
    TrainingRun.of(
            TrainingConfig.of(
                "data=digits", "epochs=" + EPOCHS, "batch-size=32", "threads=1", arguments[1]),
            new EventStream(),
            listener)
        .run();
    Files.write(Path.of(arguments[0]), bytes, StandardCharsets.US_ASCII);
  }
}
