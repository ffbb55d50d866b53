package io.gradsieve.dist.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AdmissionTest {
  private static final Deadlines DEADLINES = new Deadlines(Deadlines.STANDARD);

  private final Admission admission =
      new Admission(new Rules("job", OptionalInt.of(4), 1, false, DEADLINES, 60_000));

  @Test
  void theFirstSettingThatDiffersIsToldAndAllAreNamed() {
    assertThat(refusal("epochs=30", "lr=0.02")).isEmpty();
    assertThat(refusal("epochs=30", "lr=0.02")).isEmpty();
    assertThat(refusal("epochs=30", "lr=0.04"))
        .contains("the job has --lr 0.02, the worker has --lr 0.04: give all the same --lr");
    assertThat(refusal("lr=0.04", "lr-scaling=sqrt"))
        .contains(
            "the job has --epochs 30, the worker has no --epochs: "
                + "give all the same --epochs, --lr, --lr-scaling");
  }

  @Test
  void aSettingThatOnlyTheWorkerHasIsTold() {
    assertThat(refusal("lr=0.02")).isEmpty();
    assertThat(refusal("label=a=b c", "lr=0.02"))
        .contains(
            "the job has no --label, the worker has --label a=b c: give all the same --label");
  }

  @Test
  void theLongestSettingsAreToldInOneReason() {
    String longest = Examples.largestSetting();
    String other = longest.replaceFirst("v$", "w");
    assertThat(refusal(longest)).isEmpty();
    assertThat(refusal(other)).get().asString().endsWith("vvw: give all the same --s");
    String[] many =
        IntStream.range(0, Limits.SETTINGS)
            .mapToObj("a-name-%d="::formatted)
            .toArray(String[]::new);
    assertThat(refusal(many)).get().asString().contains("the worker has no --s: ");
  }

  @Test
  void whoHeldTheOthersUpThreeTimesStaysOutAndReadsWhy() {
    Join join = Desk.joins(1, false);
    for (int strike = 1; strike <= 3; strike++) {
      assertThat(admission.refusal(join, true, true)).isEmpty();
      admission.strike(join.self().id(), "rank 0 has lost rank 1: no route to 10.98.0.1");
    }
    assertThat(admission.refusal(join, true, true))
        .contains(
            new Refusal(
                Code.EXCLUDED,
                "held the job up 3 times, check its links (--interface); last: rank 0 has lost rank 1: no route to 10.98.0.1"));
    assertThat(admission.over(join.self().id()).reason())
        .isEqualTo(
            "the job is over: it went on without this worker, rank 0 has lost rank 1: no route to 10.98.0.1");
    assertThat(admission.over(Desk.joins(2, false).self().id()).reason())
        .isEqualTo("the job is over");
  }

  /** Why a worker with these settings may not join, after the words that all have. */
  private Optional<String> refusal(String... settings) {
    Join like = Desk.joins(1, false);
    Join join =
        new Join(like.job(), like.self(), like.code(), like.data(), List.of(settings), false);
    Optional<Refusal> refusal = admission.refusal(join, true, true);
    refusal.ifPresent(r -> assertThat(r.code()).isEqualTo(Code.ANOTHER_CONFIGURATION));
    return refusal.map(r -> r.reason().replaceFirst("^configuration: ", ""));
  }
}
