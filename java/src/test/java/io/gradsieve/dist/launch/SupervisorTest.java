package io.gradsieve.dist.launch;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.launch.Supervisor.Action;
import io.gradsieve.dist.launch.Supervisor.Job;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SupervisorTest {
  private static final long TIMEOUT = 15_000;
  private static final int KILLED = 128 + 9;

  private long now = 1_000;

  private static Supervisor of(int workers, int restarts) {
    return new Supervisor(workers, restarts, TIMEOUT);
  }

  private static Ending ending(int worker, int status) {
    return new Ending(worker, "rank " + worker, status, Optional.empty());
  }

  private Action ended(Supervisor supervisor, int worker, int status) {
    return supervisor.ended(ending(worker, status), Job.OPEN, now);
  }

  @Test
  void allDoneIsSuccess() {
    Supervisor two = of(2, 3);
    assertThat(ended(two, 1, 0)).isEqualTo(Action.NOTHING);
    assertThat(two.over()).isFalse();
    ended(two, 0, 0);
    assertThat(two.over()).isTrue();
    assertThat(two.exitCode(Job.OPEN)).isZero();
    assertThat(two.culprit()).isEmpty();
  }

  @Test
  void whoWasLeftOutOfAJobThatIsDoneDoesNotSpoilIt() {
    Supervisor one = of(1, 3);
    assertThat(one.ended(ending(0, 6), Job.DONE, now)).isEqualTo(Action.NOTHING);
    assertThat(one.over()).isTrue();
    assertThat(one.exitCode(Job.DONE)).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 6, KILLED, 128 + 11, 128 + 1, 42})
  void whoFailsByChanceIsRestarted(int status) {
    Supervisor two = of(2, 1);
    assertThat(ended(two, 1, status)).isEqualTo(Action.RESTART);
    assertThat(two.lives(1)).isTrue();
    assertThat(two.restartsLeft()).isZero();
    ended(two, 0, 0);
    ended(two, 1, 0);
    assertThat(two.over()).isTrue();
    assertThat(two.culprit()).isEmpty();
    assertThat(two.exitCode(Job.OPEN)).isZero();
  }

  @Test
  void whenNoRestartIsLeftTheJobFailsNamingTheCulprit() {
    Supervisor two = of(2, 1);
    ended(two, 1, KILLED);
    assertThat(ended(two, 1, KILLED)).isEqualTo(Action.NOTHING);
    assertThat(two.tick(Job.OPEN, false, now + 1_999)).isEqualTo(Action.NOTHING);
    assertThat(two.tick(Job.OPEN, false, now + 2_000)).isEqualTo(Action.ASK);
    ended(two, 0, 143);
    assertThat(two.over()).isTrue();
    assertThat(two.exitCode(Job.OPEN)).isEqualTo(6);
    assertThat(two.culprit()).contains(ending(1, KILLED));
  }

  @Test
  void whoOnlyLostTheOthersIsNotTheCulprit() {
    Supervisor two = of(2, 1);
    assertThat(ended(two, 0, 6)).isEqualTo(Action.RESTART);
    now += 100;
    ended(two, 1, KILLED);
    now += 100;
    ended(two, 0, 6);
    assertThat(two.exitCode(Job.OPEN)).isEqualTo(6);
    assertThat(two.culprit()).contains(ending(1, KILLED));
  }

  @Test
  void whatFailedLongAgoAndWasRecoveredIsNotTheCulprit() {
    Supervisor two = of(2, 1);
    ended(two, 1, KILLED);
    now += 10 * TIMEOUT;
    ended(two, 0, 1);
    assertThat(two.culprit()).contains(ending(0, 1));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 7})
  void whatAnotherAttemptWouldMeetTooEndsTheJob(int status) {
    Supervisor three = of(3, 3);
    assertThat(ended(three, 2, status)).isEqualTo(Action.NOTHING);
    ended(three, 1, 6); // lost the other
    assertThat(three.tick(Job.OPEN, false, now + 2_000)).isEqualTo(Action.ASK);
    ended(three, 0, 143);
    assertThat(three.over()).isTrue();
    assertThat(three.exitCode(Job.OPEN)).isEqualTo(status);
    assertThat(three.culprit()).contains(ending(2, status));
  }

  @Test
  void whoIsSignalledHasTheOthersStopByAgreement() {
    Supervisor two = of(2, 3);
    ended(two, 1, 143);
    assertThat(two.tick(Job.OPEN, false, now + 29_999)).isEqualTo(Action.NOTHING);
    ended(two, 0, 143);
    assertThat(two.exitCode(Job.OPEN)).isEqualTo(143);
  }

  @Test
  void aSignalAsksOnceAndKillsWhoDoesNotEnd() {
    Supervisor two = of(2, 3);
    assertThat(two.signalled(2, now)).isEqualTo(Action.ASK);
    ended(two, 0, 143);
    assertThat(two.tick(Job.OPEN, false, now + 29_999)).isEqualTo(Action.NOTHING);
    assertThat(two.tick(Job.OPEN, false, now + 30_000)).isEqualTo(Action.KILL);
    assertThat(ended(two, 1, KILLED)).isEqualTo(Action.NOTHING);
    assertThat(two.over()).isTrue();
    assertThat(two.exitCode(Job.OPEN)).isEqualTo(130);
  }

  @Test
  void aSecondSignalKills() {
    Supervisor two = of(2, 3);
    two.signalled(2, now);
    assertThat(two.signalled(15, now + 1)).isEqualTo(Action.KILL);
  }

  @Test
  void aDiskThatIsFullWhileSavingIsToldRatherThanTheSignal() {
    Supervisor two = of(2, 3);
    two.signalled(15, now);
    ended(two, 0, 7);
    ended(two, 1, 143);
    assertThat(two.exitCode(Job.OPEN)).isEqualTo(7);
    assertThat(two.culprit()).contains(ending(0, 7));
  }

  @Test
  void aSignalWhenAllIsDoneChangesNothing() {
    Supervisor one = of(1, 3);
    one.signalled(15, now);
    ended(one, 0, 0);
    assertThat(one.exitCode(Job.OPEN)).isZero();
  }

  @Test
  void whoFailsAfterAnotherIsDoneSpoilsNothing() {
    Supervisor two = of(2, 3);
    ended(two, 0, 0);
    assertThat(ended(two, 1, 6)).isEqualTo(Action.NOTHING);
    assertThat(two.over()).isTrue();
    assertThat(two.exitCode(Job.OPEN)).isZero();
  }

  @Test
  void whoIsStoppedWhenTheOthersAreDoneIsEnded() {
    Supervisor two = of(2, 3);
    ended(two, 0, 0);
    assertThat(two.tick(Job.OPEN, false, now + TIMEOUT)).isEqualTo(Action.NOTHING);
    assertThat(two.tick(Job.OPEN, true, now + TIMEOUT)).isEqualTo(Action.ASK);
    assertThat(two.tick(Job.OPEN, true, now + TIMEOUT + 30_000)).isEqualTo(Action.KILL);
    ended(two, 1, KILLED);
    assertThat(two.exitCode(Job.OPEN)).isZero();
  }

  @Test
  void nobodyIsRestartedInAJobThatFailed() {
    Supervisor one = of(1, 3);
    assertThat(one.ended(ending(0, 6), Job.FAILED, now)).isEqualTo(Action.NOTHING);
    assertThat(one.exitCode(Job.OPEN)).isEqualTo(6);
  }

  @Test
  void whoDoesNotHearThatTheJobFailedIsEnded() {
    Supervisor one = of(1, 3);
    assertThat(one.tick(Job.FAILED, false, now)).isEqualTo(Action.NOTHING);
    assertThat(one.tick(Job.FAILED, false, now + 30_000)).isEqualTo(Action.ASK);
    ended(one, 0, 143);
    assertThat(one.exitCode(Job.OPEN)).isEqualTo(6);
  }

  @Test
  void whatEvenKillingDoesNotEndIsLeft() {
    Supervisor one = of(1, 3);
    one.signalled(15, now);
    one.signalled(15, now);
    assertThat(one.tick(Job.OPEN, false, now + 9_999)).isEqualTo(Action.NOTHING);
    assertThat(one.tick(Job.OPEN, false, now + 10_000)).isEqualTo(Action.LEAVE);
    assertThat(one.over()).isTrue();
    assertThat(one.exitCode(Job.OPEN)).isEqualTo(143);
  }
}
