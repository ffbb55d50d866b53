package io.gradsieve.dist.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.rendezvous.Message.Abort;
import io.gradsieve.dist.rendezvous.Message.Barrier;
import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Commit;
import io.gradsieve.dist.rendezvous.Message.Committed;
import io.gradsieve.dist.rendezvous.Message.Done;
import io.gradsieve.dist.rendezvous.Message.GetKey;
import io.gradsieve.dist.rendezvous.Message.Heartbeat;
import io.gradsieve.dist.rendezvous.Message.Leave;
import io.gradsieve.dist.rendezvous.Message.Members;
import io.gradsieve.dist.rendezvous.Message.Phase;
import io.gradsieve.dist.rendezvous.Message.Ranked;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Message.SetKey;
import io.gradsieve.dist.rendezvous.Message.Suspect;
import io.gradsieve.dist.rendezvous.Message.Value;
import io.gradsieve.dist.rendezvous.Message.WaitKey;
import io.gradsieve.dist.rendezvous.Message.Welcome;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CoordinatorTest {
  private static final Bytes VALUE = Bytes.of((byte) 1, (byte) 2);

  @Test
  void ranksAreGivenByArrivalWhenAllHaveCome() {
    Desk desk = new Desk(3, 1);
    desk.join(3, 0, false);
    desk.join(1, 0, false);
    assertThat(desk.all(3, Ranked.class)).isEmpty();
    desk.join(2, 0, false);
    assertThat(desk.all(3, Ranked.class)).containsExactly(new Ranked(0, 3, 0, 0));
    assertThat(desk.all(1, Ranked.class)).containsExactly(new Ranked(1, 3, 0, 0));
    assertThat(desk.all(2, Ranked.class)).containsExactly(new Ranked(2, 3, 0, 0));
    assertThat(desk.all(2, Members.class).get(0).peers()).hasSize(3);
  }

  @Test
  void joiningTwiceIsJoiningOnce() {
    Desk desk = new Desk(2, 1);
    desk.join(1, 0, false);
    desk.say(7, 0, Desk.joins(1, false)); // on another connection
    assertThat(desk.closed).containsExactly(1L);
    assertThat(desk.last(7)).isEqualTo(new Welcome(Desk.T));
    desk.join(2, 0, false);
    assertThat(desk.all(7, Ranked.class)).containsExactly(new Ranked(0, 2, 0, 0));
  }

  @Test
  void twoThousandWorkersAreAllRanked() {
    Desk desk = new Desk(2_000, 1);
    for (int i = 1; i <= 2_000; i++) {
      desk.join(i, 0, false);
    }
    assertThat(desk.all(2_000, Ranked.class)).containsExactly(new Ranked(1_999, 2_000, 0, 0));
    assertThat(desk.all(1, Members.class).stream().mapToInt(page -> page.peers().size()).sum())
        .isEqualTo(2_000);
  }

  @Test
  void aFullJobTakesNoMore() {
    Desk desk = Desk.running(2);
    desk.join(3, 0, false);
    assertThat(code(desk, 3)).isEqualTo(Code.LIMIT);
    assertThat(desk.closed).containsExactly(3L);
  }

  @Test
  void onlyMembersAreServed() {
    Desk desk = Desk.running(1);
    desk.say(9, 1, new GetKey("key"));
    assertThat(code(desk, 9)).isEqualTo(Code.BAD_REQUEST);
    desk.say(8, 1, new Done());
    assertThat(code(desk, 8)).isEqualTo(Code.BAD_REQUEST);
    assertThat(desk.closed).containsExactlyInAnyOrder(8L, 9L);
  }

  @Test
  void anIdOfAnOldGenerationIsRefused() {
    Desk desk = Desk.running(3);
    desk.say(1, 1, new SetKey("key", VALUE));
    desk.say(3, 1, new Leave());
    desk.join(1, 1, false);
    desk.join(2, 1, false);
    assertThat(desk.server.generation()).isEqualTo(2);
    desk.say(1, 1, new SetKey("key", VALUE));
    assertThat(code(desk, 1)).isEqualTo(Code.STALE_GENERATION);
    desk.say(1, 1, new Commit(5));
    assertThat(code(desk, 1)).isEqualTo(Code.STALE_GENERATION);
    desk.say(1, 2, new GetKey("key")); // died with its generation
    assertThat(desk.last(1)).isEqualTo(new Value(Optional.empty()));
    desk.join(1, 3, false);
    assertThat(code(desk, 1)).isEqualTo(Code.BAD_REQUEST);
  }

  @Test
  void aKeyIsSetReadAndWaitedFor() {
    Desk desk = Desk.running(2);
    long waits = desk.say(1, 1, new WaitKey("key", 5_000));
    desk.say(2, 1, new SetKey("key", VALUE));
    assertThat(desk.last(2)).isEqualTo(new Done());
    assertThat(desk.heard.get(1L))
        .containsExactly(new Frame(waits, 1, new Value(Optional.of(VALUE))));
    desk.say(1, 1, new GetKey("key"));
    assertThat(desk.last(1)).isEqualTo(new Value(Optional.of(VALUE)));
  }

  @Test
  void afterATimeOutTheMemberGoesOn() {
    Desk desk = Desk.running(2);
    Heartbeat heartbeat = Desk.reducing(0, 1);
    long key = desk.say(1, 1, new WaitKey("key", 1_000));
    long barrier = desk.say(1, 1, new Barrier("epoch-1", 1_000));
    desk.pass(1_000, 1, heartbeat, 2);
    Refusal late = new Refusal(Code.TIMEOUT, "nothing came in time");
    assertThat(desk.heard.get(1L))
        .containsExactly(new Frame(key, 1, late), new Frame(barrier, 1, late));
    desk.say(2, 1, new Barrier("epoch-1", 1_000)); // the first is not there any more
    assertThat(desk.all(2, Done.class)).isEmpty();
    desk.say(1, 1, new Barrier("epoch-1", 1_000));
    assertThat(desk.last(1)).isEqualTo(new Done());
    assertThat(desk.last(2)).isEqualTo(new Done());
  }

  @Test
  void keysAndTheirBytesAreLimited() {
    Desk desk = Desk.running(1);
    Bytes large = Bytes.of(new byte[Limits.VALUE]);
    for (int i = 0; i < Limits.VALUE_BYTES / Limits.VALUE; i++) {
      desk.say(1, 1, new SetKey("key" + i, large));
      assertThat(desk.last(1)).isEqualTo(new Done());
    }
    desk.say(1, 1, new SetKey("one more", VALUE));
    assertThat(code(desk, 1)).isEqualTo(Code.LIMIT);
    desk.say(1, 1, new SetKey("key0", VALUE));
    assertThat(desk.last(1)).isEqualTo(new Done());
  }

  @Test
  void waitersAreLimited() {
    Desk desk = Desk.running(1);
    for (int i = 0; i < Limits.WAITERS; i++) {
      desk.say(1, 1, new WaitKey("key", 1_000));
    }
    assertThat(desk.heard.get(1L)).isNull();
    desk.say(1, 1, new WaitKey("key", 1_000));
    assertThat(code(desk, 1)).isEqualTo(Code.LIMIT);
  }

  @Test
  void onlyRankZeroCommitsAndOnlyForward() {
    Desk desk = Desk.running(2);
    desk.say(2, 1, new Commit(5));
    assertThat(code(desk, 2)).isEqualTo(Code.BAD_REQUEST);
    desk.say(1, 1, new Commit(5));
    assertThat(desk.last(1)).isEqualTo(new Committed(5));
    desk.say(1, 1, new Commit(5)); // the answer was lost
    assertThat(desk.last(1)).isEqualTo(new Committed(5));
    desk.say(1, 1, new Commit(4));
    assertThat(code(desk, 1)).isEqualTo(Code.BAD_REQUEST);
  }

  @Test
  void theSilentOneIsTheCulprit() {
    Desk desk = Desk.running(3);
    desk.pass(11_000, 1, Desk.reducing(1, 1), 1, 3);
    assertThat(desk.all(1, Abort.class).get(0).culprit()).isEqualTo(1);
    assertThat(desk.all(2, Abort.class)).hasSize(1); // it may hear, though it does not speak
  }

  @Test
  void elseItIsTheOneForWhomMostWait() {
    Desk desk = Desk.running(3);
    desk.pass(1_000, 1, Desk.reducing(1, 1), 1, 2);
    desk.say(3, 1, Desk.reducing(2, 5)); // has all of the others' parts, they have none of its
    desk.say(1, 1, new Suspect(2, false, "nothing comes"));
    desk.say(2, 1, new Suspect(2, false, "nothing comes"));
    for (int i = 0; i < 32 && desk.all(1, Abort.class).isEmpty(); i++) {
      desk.say(3, 1, Desk.reducing(2, 5));
      desk.pass(500, 1, Desk.reducing(1, 1), 1, 2);
    }
    assertThat(desk.all(1, Abort.class).get(0).culprit()).isEqualTo(2);
  }

  @Test
  void elseItIsTheOneWithLeastProgress() {
    Desk desk = Desk.running(3);
    desk.say(1, 1, Desk.reducing(5, 20));
    desk.say(2, 1, Desk.reducing(5, 10));
    desk.say(3, 1, Desk.reducing(5, 20));
    for (int i = 0; i < 30; i++) {
      desk.now += 500;
      desk.say(1, 1, Desk.reducing(5, 20));
      desk.say(2, 1, Desk.reducing(5, 10));
      desk.say(3, 1, Desk.reducing(5, 20));
    }
    desk.pass(500, 1, Desk.reducing(5, 20), 1, 3);
    assertThat(desk.all(1, Abort.class).get(0).culprit()).isEqualTo(1);
    assertThat(desk.closed).containsExactly(2L);
  }

  @Test
  void whoseConnectionHasJustEndedIsNotBlamedForAStandstill() {
    Desk desk = Desk.running(3);
    for (int i = 0; i < 40 && desk.all(1, Abort.class).isEmpty(); i++) {
      desk.say(2, 1, Desk.reducing(1, 1)); // the farthest behind
      desk.pass(500, 1, Desk.reducing(2, 5), 1, 3);
      if (i == 28) {
        desk.close(3);
      }
    }
    assertThat(desk.all(1, Abort.class).get(0).culprit()).isEqualTo(1);
  }

  @Test
  void aStandstillIsNoticedWhenItsTimeIsOverNotATickLater() {
    Desk desk = Desk.running(2);
    desk.pass(1_000, 1, Desk.reducing(1, 1), 1);
    desk.now += 300;
    desk.say(2, 1, Desk.reducing(1, 1)); // the last that moves
    long moved = desk.now;
    desk.now += 200;
    desk.pass(14_500, 1, Desk.reducing(1, 1), 1, 2);
    assertThat(desk.server.nextDeadline()).isEqualTo(moved + Desk.T);
    desk.tick(moved + Desk.T);
    assertThat(desk.all(1, Abort.class)).hasSize(1);
  }

  @Test
  void whoWasAwayWhenItsGenerationEndedIsToldWhyAndByWhom() {
    Desk desk = Desk.running(3);
    desk.close(2);
    desk.say(3, 1, new Leave());
    Abort verdict = desk.all(1, Abort.class).get(0);
    desk.say(7, 1, Desk.joins(2, true));
    assertThat(desk.all(7, Abort.class)).containsExactly(verdict);
    assertThat(verdict.culprit()).isEqualTo(2);
    assertThat(code(desk, 7)).isEqualTo(Code.STALE_GENERATION);
    desk.say(7, 1, Desk.joins(2, false));
    desk.join(1, 1, false);
    assertThat(desk.server.generation()).isEqualTo(2);
    desk.say(9, 1, Desk.joins(3, true)); // of a generation that nobody remembers
    assertThat(desk.all(9, Abort.class)).isEmpty();
    assertThat(code(desk, 9)).isEqualTo(Code.STALE_GENERATION);
  }

  @Test
  void whoMovesAByteNowAndThenIsNotDead() {
    Desk desk = Desk.running(2);
    for (int bytes = 1; bytes <= 10; bytes++) {
      desk.pass(14_000, 1, Desk.reducing(1, bytes), 1, 2);
    }
    assertThat(desk.all(1, Abort.class)).isEmpty();
  }

  @Test
  void whoComputesLongIsNotDead() {
    Desk desk = Desk.running(2);
    Heartbeat computing = new Heartbeat(1, 0, 0, 0, Phase.COMPUTING);
    desk.pass(200_000, 1, computing, 1, 2);
    assertThat(desk.all(1, Abort.class)).isEmpty();
    desk.pass(110_000, 1, computing, 1, 2);
    assertThat(desk.all(1, Abort.class)).hasSize(1);
  }

  @Test
  void aMemberMayChangeItsConnection() {
    Desk desk = Desk.running(2);
    desk.close(2);
    desk.pass(2_000, 1, Desk.reducing(1, 1), 1);
    desk.say(7, 1, Desk.joins(2, true));
    assertThat(desk.last(7)).isEqualTo(new Welcome(Desk.T));
    desk.pass(10_000, 1, Desk.reducing(1, 2), 1, 7);
    assertThat(desk.all(1, Abort.class)).isEmpty();
  }

  @Test
  void aPauseOfTheServerIsNobodysSilence() {
    Desk desk = Desk.running(2);
    desk.pass(1_000, 1, Desk.reducing(1, 1), 1, 2);
    desk.now += 60_000;
    desk.pass(1_000, 1, Desk.reducing(1, 2), 1, 2);
    assertThat(desk.all(1, Abort.class)).isEmpty();
  }

  @Test
  void theServerGoesLast() {
    Desk desk = Desk.running(2);
    desk.say(1, 1, new Barrier(Barrier.EXIT, 5_000));
    desk.say(2, 1, new Barrier(Barrier.EXIT, 5_000));
    assertThat(desk.server.stage()).isEqualTo(Stage.ENDING);
    desk.say(1, 1, new Leave());
    assertThat(desk.last(1)).isEqualTo(new Done());
    assertThat(desk.server.stage()).isEqualTo(Stage.ENDING);
    desk.say(2, 1, new Leave());
    assertThat(desk.server.stage()).isEqualTo(Stage.ENDED);
    assertThat(desk.closed).containsExactlyInAnyOrder(1L, 2L);
  }

  @Test
  void orAfterTenSeconds() {
    Desk desk = Desk.running(2);
    desk.say(1, 1, new Barrier(Barrier.EXIT, 5_000));
    desk.say(2, 1, new Barrier(Barrier.EXIT, 5_000));
    desk.pass(9_500, 1, Desk.reducing(1, 1), 1, 2);
    assertThat(desk.server.stage()).isEqualTo(Stage.ENDING);
    desk.pass(500, 1, Desk.reducing(1, 1), 1, 2);
    assertThat(desk.server.stage()).isEqualTo(Stage.ENDED);
    assertThat(code(desk, 1)).isEqualTo(Code.ENDED);
  }

  private static Code code(Desk desk, long connection) {
    List<Refusal> refusals = desk.all(connection, Refusal.class);
    return refusals.get(refusals.size() - 1).code();
  }
}
