package io.gradsieve.dist.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class LineRelayTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final Screen screen = new Screen(new PrintStream(out, true, StandardCharsets.UTF_8));

  private LineRelay passed(String text, boolean raw) {
    LineRelay relay = new LineRelay(screen, "[rank 1] ", raw);
    relay.pass(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    return relay;
  }

  private String shown() {
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void eachLineHasItsPrefixAndTheLastOneNeedsNoEnd() {
    LineRelay relay = passed("élan\n\nlast", false);
    assertThat(shown()).isEqualTo("[rank 1] élan\n[rank 1] \n[rank 1] last\n");
    assertThat(relay.last()).contains("last");
    assertThat(relay.error()).isEmpty();
  }

  @Test
  void theLastErrorIsKept() {
    LineRelay relay = passed("error: one\nerror: two\nmore\n", false);
    assertThat(relay.error()).contains("two");
    assertThat(relay.last()).contains("more");
  }

  @Test
  void aLineWithoutEndIsShownInParts() {
    passed("x".repeat(20_000), false);
    assertThat(shown().lines()).hasSize(3).allMatch(line -> line.startsWith("[rank 1] x"));
  }

  @Test
  void aBarIsDrawnAsItComesAndOthersLinesGoAboveIt() {
    LineRelay relay = passed("\rbar 10 %\u001b[K", true);
    screen.line("[rank 2] hello");
    assertThat(shown()).isEqualTo("\rbar 10 %\u001b[K" + "\r\u001b[K[rank 2] hello\n");
    assertThat(relay.last()).hasValueSatisfying(last -> assertThat(last).startsWith("bar 10 %"));
  }
}
