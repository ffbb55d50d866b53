package io.gradsieve.natives;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Runs the tests that are written in C++ (kernel-cases, native/test, cuda-kernels), each as a test
 * of its own. Nearly all of them keep one core busy: side by side.
 */
@Execution(ExecutionMode.CONCURRENT)
class NativeProgramsTest {
  private static final Pattern NAME = Pattern.compile("Test\\s+#\\d+: (\\S+)");

  private record Run(int exitCode, String output) {}

  @TestFactory
  List<DynamicTest> everyNativeTestPasses() throws IOException, InterruptedException {
    return tests(System.getProperty("cmake.build"), "");
  }

  /** The kernels of the CUDA library, on the emulation. More seeds of them take minutes. */
  @TestFactory
  List<DynamicTest> everyTestOfTheCudaKernelsPasses() throws IOException, InterruptedException {
    boolean all = "true".equals(System.getenv("CI"));
    return tests(System.getProperty("cuda.cmake.build"), all ? "" : "long");
  }

  private static List<DynamicTest> tests(String build, String leftOut)
      throws IOException, InterruptedException {
    List<DynamicTest> tests = new ArrayList<>();
    Run list = leftOut.isEmpty() ? ctest(build, "-N") : ctest(build, "-N", "-LE", leftOut);
    Matcher names = NAME.matcher(list.output());
    while (names.find()) {
      String name = names.group(1);
      tests.add(DynamicTest.dynamicTest(name, () -> passes(build, name)));
    }
    assertThat(tests).isNotEmpty();
    return tests;
  }

  private static void passes(String build, String name) throws IOException, InterruptedException {
    Run run = ctest(build, "-R", "^" + name + "$", "--output-on-failure");
    assertThat(run.exitCode()).as(run.output()).isZero();
    Assumptions.assumeFalse(
        run.output().contains("***Skipped"), "this processor lacks the instruction set");
  }

  private static Run ctest(String build, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ctest", "--test-dir", build));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), output);
  }
}
