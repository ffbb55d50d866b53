package io.gradsieve.dist.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.dist.rendezvous.MemberAction.Connect;
import io.gradsieve.dist.rendezvous.MemberAction.Disconnect;
import io.gradsieve.dist.rendezvous.MemberAction.Send;
import io.gradsieve.dist.rendezvous.MemberEvent.Aborted;
import io.gradsieve.dist.rendezvous.MemberEvent.Answered;
import io.gradsieve.dist.rendezvous.MemberEvent.Failed;
import io.gradsieve.dist.rendezvous.MemberEvent.Fenced;
import io.gradsieve.dist.rendezvous.MemberEvent.Lost;
import io.gradsieve.dist.rendezvous.Message.Abort;
import io.gradsieve.dist.rendezvous.Message.Alive;
import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Commit;
import io.gradsieve.dist.rendezvous.Message.Committed;
import io.gradsieve.dist.rendezvous.Message.GetKey;
import io.gradsieve.dist.rendezvous.Message.Heartbeat;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Members;
import io.gradsieve.dist.rendezvous.Message.Ranked;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Message.Value;
import io.gradsieve.dist.rendezvous.Message.Welcome;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MemberTest {
  private static final int T = Deadlines.STANDARD;
  private static final long JOIN_TIMEOUT = 60_000;

  private final Join join = Desk.joins(1, false);
  private final Member member = member(1);
  private long now;

  private Member member(long seed) {
    RandomBits jitter = RandomBits.of(seed, "jitter", 0);
    return new Member(join, new Deadlines(T), JOIN_TIMEOUT, jitter);
  }

  @Test
  void itJoinsAndIsRankedWhenAllPagesHaveCome() {
    assertThat(member.start(now)).containsExactly(new Connect());
    assertThat(member.connected(now)).containsExactly(new Send(new Frame(1, 0, join)));
    assertThat(hear(1, 0, new Welcome(T))).hasOnlyElementsOfType(Send.class); // a heartbeat
    assertThat(hear(0, 1, new Ranked(0, 2, 0, 0))).isEmpty();
    assertThat(hear(0, 1, new Members(0, List.of(join.self())))).isEmpty();
    assertThat(hear(0, 1, new Members(1, List.of(join.self()))))
        .containsExactly(new MemberEvent.Ranked(1, 0, List.of(join.self(), join.self()), 0, 0));
  }

  @Test
  void attemptsToConnectAreSpreadAndNeverFartherApartThanFiveSeconds() {
    Set<Long> first = new HashSet<>();
    for (long seed = 0; seed < 20; seed++) {
      Member one = member(seed);
      one.start(0);
      one.disconnected(false, 0);
      first.add(one.nextDeadline());
    }
    assertThat(first).hasSizeGreaterThan(15).allMatch(pause -> pause >= 100 && pause <= 200);
    member.start(now);
    for (int i = 0; i < 10; i++) {
      member.disconnected(false, now);
      assertThat(member.nextDeadline()).isBetween(now + 100, now + 5_000);
      now = member.nextDeadline();
      member.tick(now);
    }
    assertThat(now).isGreaterThan(20_000);
  }

  @Test
  void withoutAServerItGivesUp() {
    member.start(now);
    List<MemberAction> actions = new ArrayList<>();
    while (member.nextDeadline() < Long.MAX_VALUE) {
      now = member.nextDeadline();
      actions.addAll(member.tick(now)); // connecting is never answered
    }
    assertThat(actions.get(actions.size() - 1)).isInstanceOf(Lost.class);
    assertThat(now).isEqualTo(JOIN_TIMEOUT);
  }

  @Test
  void aReplyBelongsToItsRequest() {
    ranked();
    long id = member.nextRequest();
    member.ask(new GetKey("key"), 5_000, now);
    assertThat(hear(id + 1, 1, new Value(Optional.empty()))).isEmpty();
    assertThat(hear(id, 1, new Value(Optional.empty())))
        .containsExactly(new Answered(id, new Value(Optional.empty())));
    assertThat(hear(id, 1, new Value(Optional.empty()))).isEmpty();
  }

  @Test
  void aRequestHasItsIdBeforeAHeartbeatThatIsDue() {
    ranked();
    now += 1_500;
    long id = member.nextRequest();
    assertThat(member.ask(new Commit(5), 5_000, now))
        .contains(new Send(new Frame(id, 1, new Commit(5))));
    assertThat(hear(id, 1, new Committed(5))).contains(new Answered(id, new Committed(5)));
  }

  @Test
  void aRequestWithoutAnAnswerFailsInTime() {
    ranked();
    long id = member.nextRequest();
    member.ask(new GetKey("key"), 700, now);
    now += 700;
    assertThat(member.tick(now)).contains(new Failed(id, "no answer in time"));
  }

  @Test
  void itStopsItselfWhenItHearsNothingForTenSeconds() {
    ranked();
    for (int i = 0; i < 9; i++) {
      now += 1_000;
      member.tick(now);
    }
    now += 999;
    assertThat(member.tick(now)).noneMatch(Fenced.class::isInstance);
    now += 1;
    assertThat(member.tick(now))
        .containsExactly(
            new Disconnect(), new Fenced(1, "heard nothing from the server for 10.0 s"));
  }

  @Test
  void whereNobodyListensAnyMoreTheJobHasEnded() {
    ranked();
    member.disconnected(true, now);
    List<MemberAction> actions = new ArrayList<>();
    long begin = now;
    while (member.nextDeadline() < Long.MAX_VALUE) {
      now = member.nextDeadline();
      actions.addAll(member.tick(now));
      if (actions.removeIf(Connect.class::isInstance)) {
        actions.addAll(member.disconnected(true, now));
      }
      if (actions.removeIf(Fenced.class::isInstance)) {
        actions.addAll(member.rejoin(now));
      }
    }
    assertThat(actions)
        .endsWith(
            new Lost("nobody listens there any more, so the job has ended; go on with --resume"));
    assertThat(now - begin).isBetween((long) T, T + new Deadlines(T).backoff());
  }

  @Test
  void beforeItWasInTheJobNobodyThereIsNoEnd() {
    member.start(now);
    for (; now < JOIN_TIMEOUT - 5_000; now = member.nextDeadline()) {
      assertThat(member.disconnected(true, now)).noneMatch(Lost.class::isInstance);
      assertThat(member.tick(member.nextDeadline())).noneMatch(Lost.class::isInstance);
    }
  }

  @Test
  void whoWasStoppedIsOutWhateverLiesInItsBuffersAndKnowsThatItWas() {
    ranked();
    now += 60_000;
    assertThat(hear(99, 1, new Alive()))
        .contains(
            new Fenced(
                1,
                "heard nothing from the server for 60.0 s, and did not run itself for 60.0 s of that (stopped, or the machine slept)"));
    assertThat(member.ask(new Commit(5), 5_000, now)).hasOnlyElementsOfType(Failed.class);
  }

  @Test
  void anAbortOfItsGenerationStopsItAndOneOfAnotherDoesNot() {
    ranked();
    assertThat(hear(0, 2, new Abort(0, "silent"))).isEmpty();
    assertThat(hear(0, 1, new Abort(0, "silent"))).containsExactly(new Aborted(1, 0, "silent"));
    assertThat(member.rejoin(now)).containsExactly(new Send(new Frame(3, 1, join)));
  }

  @Test
  void aNewConnectionGoesOnInTheSameGenerationAndAsksAgain() {
    ranked();
    Frame commit = new Frame(member.nextRequest(), 1, new Commit(5));
    member.ask(new Commit(5), 5_000, now);
    member.disconnected(false, now);
    now = member.nextDeadline();
    assertThat(member.tick(now)).containsExactly(new Connect());
    long id = member.nextRequest();
    assertThat(member.connected(now)).containsExactly(new Send(new Frame(id, 1, join.resuming())));
    assertThat(hear(id, 1, new Welcome(T))).contains(new Send(commit));
  }

  @Test
  void anAttemptInVainLeavesTimeForAnotherBeforeItIsGone() {
    ranked();
    member.disconnected(false, now);
    long gone = now + new Deadlines(T).reconnect();
    now = member.nextDeadline();
    assertThat(member.tick(now)).containsExactly(new Connect());
    now = member.nextDeadline(); // no answer
    assertThat(member.tick(now)).containsExactly(new Disconnect());
    now = member.nextDeadline();
    assertThat(member.tick(now)).containsExactly(new Connect());
    assertThat(now).isLessThan(gone - new Deadlines(T).heartbeat() / 2);
  }

  @Test
  void aFullJobIsAskedAgainLater() {
    member.start(now);
    member.connected(now);
    assertThat(hear(1, 0, new Refusal(Code.LIMIT, "full"))).containsExactly(new Disconnect());
    assertThat(member.nextDeadline()).isBetween(now + 100, now + 200);
  }

  @Test
  void aHeartbeatTellsWhatTheOwnerSaidLast() {
    ranked();
    Heartbeat heartbeat = Desk.reducing(3, 7);
    member.progress(heartbeat);
    now = member.nextDeadline();
    assertThat(member.tick(now)).containsExactly(new Send(new Frame(3, 1, heartbeat)));
  }

  private void ranked() {
    member.start(now);
    member.connected(now);
    hear(1, 0, new Welcome(T));
    hear(0, 1, new Ranked(0, 1, 0, 0));
    hear(0, 1, new Members(0, List.of(join.self())));
  }

  private List<MemberAction> hear(long request, int generation, Message message) {
    return member.received(new Frame(request, generation, message), now);
  }
}
