package io.gradsieve.dist.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.rendezvous.Message.Barrier;
import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Leave;
import io.gradsieve.dist.rendezvous.Message.Ranked;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** Who begins a generation, and what people hear of it; the join timeout is a minute. */
class QuorumTest {
  private static final long JOIN_TIMEOUT = 60_000;

  @Test
  void theFirstGenerationWaitsForAllWorkersAndSaysSo() {
    Desk desk = new Desk(3, 1);
    desk.join(1, 0, false);
    desk.join(2, 0, false);
    desk.pass(JOIN_TIMEOUT - 1_000, 0, Desk.reducing(0, 0), 1, 2);
    assertThat(desk.server.stage()).isEqualTo(Stage.FORMING);
    assertThat(desk.notes)
        .containsExactly("2 of 3 workers came; waits for more, up to 45 s (--join-timeout)");
    desk.join(3, 0, false);
    assertThat(desk.all(3, Ranked.class)).containsExactly(new Ranked(2, 3, 0, 0));
    assertThat(desk.notes).endsWith("generation 1: 3 workers");
  }

  @Test
  void andBeginsWithoutTheOthersWhenItsTimeIsOver() {
    Desk desk = new Desk(3, 2);
    desk.join(1, 0, false);
    desk.join(2, 0, false);
    desk.pass(JOIN_TIMEOUT, 0, Desk.reducing(0, 0), 1, 2);
    assertThat(desk.all(1, Ranked.class)).containsExactly(new Ranked(0, 2, 0, 0));
    assertThat(desk.notes)
        .endsWith(
            "generation 1: 2 of 3 workers; the others did not come in time and may come later (--min-workers)");
    farewell(desk, 1, 1, 2);
    assertThat(desk.notes).contains("the job ends with 2 of 3 workers");
  }

  @Test
  void whereNobodyKnowsHowManyTheyAreItBeginsWithThoseWhoComeSoonEnough() {
    Deadlines deadlines = new Deadlines(Desk.T);
    Desk desk = new Desk(new Rules("job", OptionalInt.empty(), 1, false, deadlines, JOIN_TIMEOUT));
    desk.join(1, 0, false);
    desk.pass(Desk.T - 1_000, 0, Desk.reducing(0, 0), 1);
    desk.join(2, 0, false);
    desk.pass(Desk.T - 1_000, 0, Desk.reducing(0, 0), 1, 2);
    assertThat(desk.server.stage()).isEqualTo(Stage.FORMING);
    desk.pass(1_000, 0, Desk.reducing(0, 0), 1, 2);
    assertThat(desk.all(1, Ranked.class)).containsExactly(new Ranked(0, 2, 0, 0));
    assertThat(desk.notes).containsExactly("generation 1: 2 workers");
  }

  @Test
  void halfOfThoseWhoMayLiveIsTooFewAndTheReasonSaysSo() {
    Desk desk = Desk.running(2);
    desk.pass(Desk.T - 5_000, 1, Desk.reducing(1, 1), 1); // 2 is silent, its connection open
    desk.join(1, 1, false);
    desk.pass(JOIN_TIMEOUT, 0, Desk.reducing(0, 0), 1);
    assertThat(desk.notes)
        .contains(
            "1 of 2 workers came, not more than half (--allow-minority lets them go on); waits for more, up to 55 s (--join-timeout)");
    assertThat(desk.server.failure())
        .contains(
            "within 60 s (--join-timeout) 1 of 2 workers came, not more than half (--allow-minority lets them go on)");
  }

  @Test
  void atTheEndItIsSaidWhoWasLostOnTheWay() {
    Desk desk = Desk.running(3);
    desk.say(3, 1, new Leave());
    desk.join(1, 1, false);
    desk.join(2, 1, false);
    assertThat(desk.notes).endsWith("generation 2: 2 of 3 workers");
    farewell(desk, 2, 1, 2);
    assertThat(desk.notes)
        .contains(
            "the job ends with 2 of 3 workers; a worker was lost once, last: rank 2 at host3:1 left");
  }

  @Test
  void aRefusedWorkerIsNamedHereToo() {
    Desk desk = Desk.running(2);
    Join one = Desk.joins(3, false);
    desk.say(3, 0, new Join(one.job(), one.self(), "2.0", one.data(), one.configuration(), false));
    assertThat(desk.notes)
        .endsWith(
            "refused the worker at host3:1: code: the job has 1.0, the worker has 2.0: start all from the same engine.jar");
    int before = desk.notes.size();
    desk.join(4, 0, false); // only full
    assertThat(desk.notes).hasSize(before);
  }

  @Test
  void whenTheServerIsStoppedAllHearWhy() {
    Desk desk = Desk.running(2);
    desk.stop("the launch on host1 has ended: Ctrl-C");
    for (long connection : new long[] {1, 2}) {
      assertThat(desk.last(connection))
          .isEqualTo(new Refusal(Code.ENDED, "the launch on host1 has ended: Ctrl-C"));
    }
    assertThat(desk.closed).containsExactlyInAnyOrder(1L, 2L);
    assertThat(desk.server.stage()).isEqualTo(Stage.ENDED);
  }

  private static void farewell(Desk desk, int generation, long... members) {
    for (long member : members) {
      desk.say(member, generation, new Barrier(Barrier.EXIT, 5_000));
    }
    assertThat(desk.server.stage()).isEqualTo(Stage.ENDING);
  }
}
