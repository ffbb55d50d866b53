package io.gradsieve.dist.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.gradsieve.Fuzz;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.TestSeed;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostListTest {
  private static final String NAME = "SLURM_STEP_NODELIST";

  private static List<String> expand(String text) {
    return HostList.expand(NAME, text);
  }

  @Test
  void rangesAreWrittenOut() {
    assertThat(expand("n[01-03,07],m1")).containsExactly("n01", "n02", "n03", "n07", "m1");
    assertThat(expand("tux")).containsExactly("tux");
    assertThat(expand("a-1.dom,b")).containsExactly("a-1.dom", "b");
    assertThat(expand("n[8-11]")).containsExactly("n8", "n9", "n10", "n11");
    assertThat(expand("n[098-101]")).containsExactly("n098", "n099", "n100", "n101");
    assertThat(expand("r[0-1]n[0-1]x")).containsExactly("r0n0x", "r0n1x", "r1n0x", "r1n1x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",",
        "a,",
        ",a",
        "n[",
        "n[]",
        "n[1",
        "n[1-]",
        "n[-1]",
        "n[3-1]",
        "n]",
        "n[1]]",
        "n[a]",
        "n[1,]",
        "n[[1]]",
        "n[1-2-3]",
        "a b",
        "n[1-9999999999]",
        "é"
      })
  void whatIsNoHostListIsRefused(String text) {
    assertThatExceptionOfType(Usage.class)
        .isThrownBy(() -> expand(text))
        .withMessageStartingWith(NAME + " is '" + text + "': ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "n[0-65536]",
        "n[0-999999999]",
        "n[0-999]m[0-999]",
        "n[0-65535],m",
        "n[0-65535,0]"
      })
  void aListOfMoreHostsThanAnyClusterHasIsNotWrittenOut(String text) {
    assertThatExceptionOfType(Usage.class)
        .isThrownBy(() -> expand(text))
        .withMessageContaining("more than 65536 hosts");
  }

  @Test
  void namesLongerThanNamesAreDoNotMultiply() {
    assertThatExceptionOfType(Usage.class)
        .isThrownBy(() -> expand("a".repeat(100_000) + "[0-65535]"))
        .withMessageContaining("no host list");
  }

  /** Every list is written in the short form in one of many ways and read back. */
  @Test
  void whatIsWrittenShortIsReadBack() {
    SplittableRandom random = new SplittableRandom(TestSeed.of(1));
    for (int round = 0; round < 500; round++) {
      List<String> hosts = new ArrayList<>();
      List<String> items = new ArrayList<>();
      for (int item = 1 + random.nextInt(4); item > 0; item--) {
        String prefix = List.of("n", "gpu-a", "x7y").get(random.nextInt(3));
        String suffix = List.of("", ".dom", "-ib").get(random.nextInt(3));
        String form = "%0" + (1 + random.nextInt(4)) + "d";
        List<String> ranges = new ArrayList<>();
        for (int range = 1 + random.nextInt(3); range > 0; range--) {
          int from = random.nextInt(1_200);
          int to = from + random.nextInt(20);
          ranges.add(form.formatted(from) + (to > from ? "-" + form.formatted(to) : ""));
          for (int i = from; i <= to; i++) {
            hosts.add(prefix + form.formatted(i) + suffix);
          }
        }
        items.add(prefix + "[" + String.join(",", ranges) + "]" + suffix);
      }
      String text = String.join(",", items);
      assertThat(expand(text)).as(text).isEqualTo(hosts);
    }
  }

  @Test
  void aDamagedListIsReadOrNamed() {
    List<String> good = List.of("n[01-03,07],m1", "r[0-1]n[0-3]", "host.example.org");
    new Fuzz(NAME, Usage.class)
        .run(
            2_000,
            mutations -> {
              byte[] bytes = mutations.damaged(mutations.choose(good));
              List<String> hosts = expand(new String(bytes, StandardCharsets.UTF_8));
              assertThat(hosts).isNotEmpty().allMatch(Address::isHost);
            });
  }
}
