package io.gradsieve.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class RankLogTest {
  @TempDir Path run;

  @Test
  void linesStayInOrderAndThoseBeforeTheFileIsKnownComeFirst() throws Exception {
    RankLog log = new RankLog();
    log.line("one");
    log.line("two");
    log.open(run, 3);
    log.line("three");
    log.close();
    log.line("after the end");
    List<String> lines = Files.readAllLines(run.resolve("logs/rank-3.log"));
    assertThat(lines)
        .extracting(line -> line.substring(line.indexOf(' ') + 1))
        .containsExactly("one", "two", "three");
  }

  /** A pipe that nobody reads hangs as a directory of a dead server does. */
  @Test
  @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aFileThatHangsHoldsNobodyUp() throws Exception {
    Path file = Files.createDirectory(run.resolve("logs")).resolve("rank-0.log");
    Process pipe = new ProcessBuilder("mkfifo", file.toString()).start();
    assertThat(pipe.waitFor(10, TimeUnit.SECONDS)).isTrue();
    RankLog log = new RankLog();
    log.open(run, 0);
    for (int i = 0; i < 10_000; i++) {
      log.line("line " + i);
    }
    log.close();
    try (var reader = Files.newBufferedReader(file)) { // lets the writer go
      assertThat(reader.readLine()).endsWith("line 0");
    }
  }
}
