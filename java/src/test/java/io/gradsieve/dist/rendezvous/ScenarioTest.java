package io.gradsieve.dist.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.rendezvous.Cluster.Settings;
import io.gradsieve.dist.rendezvous.Fault.Kind;
import io.gradsieve.dist.rendezvous.MemberEvent.Fenced;
import io.gradsieve.dist.rendezvous.MemberEvent.Lost;
import io.gradsieve.dist.rendezvous.MemberEvent.Refused;
import io.gradsieve.dist.rendezvous.Witness.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What must be survived, by name; {@link SimulationTest} has the rest. */
class ScenarioTest {
  private static final long LIMIT = 600_000;
  private static final long VERDICT = 15_000;

  @Test
  void aJobWithoutFaultsHasOneGeneration() {
    Cluster cluster = new Cluster(Settings.of(4), 1).startAll();
    finish(cluster);
    assertThat(cluster.witness.worlds()).containsExactly(4);
    assertThat(cluster.witness.verdicts).isEmpty();
    assertThat(cluster.processes).allMatch(p -> p.outcome().equals(Optional.of("LEFT")));
  }

  @Test
  void itShrinksByTheLastRank() {
    shrink(3);
  }

  @Test
  void itShrinksByAMiddleRank() {
    shrink(1);
  }

  @Test
  void itShrinksByTheFirstRank() {
    shrink(0);
  }

  /** The others keep their order. */
  private static void shrink(int rank) {
    Cluster cluster = running(Settings.of(4), 2);
    List<MemberId> rest = new ArrayList<>(cluster.witness.members(1));
    MemberId lost = rest.remove(rank);
    cluster.ofRank(rank).kill();
    long at = cluster.simulation.now();
    finish(cluster);
    blamed(cluster, 0, lost, at);
    assertThat(cluster.witness.worlds()).containsExactly(4, 3);
    assertThat(cluster.witness.members(2)).isEqualTo(rest);
  }

  @Test
  void itGoesDownToOneAndUpAgain() {
    Cluster cluster = running(Settings.of(3), 3);
    cluster.at(2).kill();
    cluster.until(() -> cluster.witness.newest() == 2, LIMIT);
    cluster.at(3).kill();
    cluster.until(() -> cluster.witness.newest() == 3, LIMIT);
    cluster.start(2);
    cluster.start(3);
    finish(cluster);
    assertThat(cluster.witness.worlds()).containsExactly(3, 2, 1, 3);
  }

  @Test
  void allButOneAreLostAtOnce() {
    Cluster cluster = running(Settings.of(4), 4);
    for (int host = 2; host <= 4; host++) {
      cluster.at(host).kill();
    }
    finish(cluster);
    assertThat(cluster.witness.worlds()).containsExactly(4, 1);
  }

  @Test
  void aLateWorkerEntersAfterTheNextCommit() {
    Cluster cluster = new Cluster(Settings.of(3), 5);
    cluster.start(1);
    cluster.start(2);
    cluster.until(() -> cluster.witness.newest() == 1, LIMIT);
    cluster.until(() -> cluster.witness.committedStep() == 5, LIMIT);
    cluster.start(3);
    cluster.until(() -> cluster.witness.newest() == 2, LIMIT);
    assertThat(cluster.witness.committedStep()).isEqualTo(10);
    assertThat(cluster.witness.verdicts.get(0).culprit()).isEmpty();
    assertThat(cluster.witness.verdicts.get(0).reason()).isEqualTo("the worker at host3:1 joins");
    finish(cluster);
    assertThat(cluster.witness.worlds()).containsExactly(2, 3);
  }

  @Test
  void aMajorityGoesOnAfterASplitAndTheOthersMergeAgain() {
    Cluster cluster = running(Settings.of(5), 6);
    split(cluster, 3);
    cluster.until(() -> cluster.witness.newest() == 2, LIMIT);
    merge(cluster, 3);
    finish(cluster);
    assertThat(cluster.witness.worlds()).startsWith(5, 3).endsWith(5);
  }

  @Test
  void halfOfTheWorkersWaitForTheOthers() {
    Cluster cluster = running(Settings.of(4), 7);
    split(cluster, 2);
    cluster.until(() -> false, 60_000);
    assertThat(cluster.witness.newest()).isEqualTo(1);
    assertThat(cluster.server.coordinator.stage()).isEqualTo(Stage.FORMING);
    merge(cluster, 2);
    finish(cluster);
    assertThat(cluster.witness.worlds().get(1)).isGreaterThan(2);
  }

  @Test
  void halfOfTheWorkersGoOnWhereAMinorityMay() {
    Cluster cluster = running(Settings.of(4).minority(), 8);
    split(cluster, 2);
    cluster.until(() -> cluster.witness.newest() == 2, 20_000);
    assertThat(cluster.witness.worlds()).containsExactly(4, 2);
    merge(cluster, 2);
    finish(cluster);
  }

  /** The last workers reach each other and nobody else. */
  private static void split(Cluster cluster, int kept) {
    for (int host = kept + 1; host <= cluster.settings.workers(); host++) {
      for (int other = 0; other <= kept; other++) {
        cluster.network.cutLink(host, other);
      }
    }
  }

  private static void merge(Cluster cluster, int kept) {
    for (int host = kept + 1; host <= cluster.settings.workers(); host++) {
      cluster.heal(host);
    }
  }

  @Test
  void afterAnAbortTheSameMembersGoOn() {
    Cluster cluster = running(Settings.of(3), 9);
    cluster.at(1).training().breakLinks();
    finish(cluster);
    Verdict verdict = cluster.witness.verdicts.get(0);
    assertThat(verdict.reason()).contains("others can't go on");
    assertThat(cluster.processes).hasSize(3).allMatch(p -> p.outcome().isPresent());
    assertThat(cluster.witness.worlds()).startsWith(3).endsWith(3);
  }

  @Test
  void whoLeavesInTheMiddleIsMissedAndNotBuried() {
    Cluster cluster = running(Settings.of(3), 10);
    MemberId leaver = cluster.at(2).id;
    long at = cluster.simulation.now();
    cluster.at(2).leave();
    finish(cluster);
    blamed(cluster, 0, leaver, at);
    assertThat(cluster.witness.verdicts.get(0).reason()).endsWith("left");
    assertThat(cluster.witness.worlds()).containsExactly(3, 2);
  }

  @Test
  void rankZeroStoppedInTheMiddleOfACheckpointCommitsNothing() {
    Cluster cluster = running(Settings.of(4), 11);
    SimulatedWorker first = cluster.ofRank(0);
    cluster.until(() -> first.training().saving(), LIMIT);
    long step = cluster.witness.committedStep();
    long at = cluster.simulation.now();
    first.stop();
    cluster.until(() -> false, 60_000);
    assertThat(cluster.witness.committedStep()).isGreaterThan(step);
    first.resume();
    finish(cluster);
    blamed(cluster, 0, first.id, at);
    assertThat(first.troubles.get(0)).isInstanceOf(Fenced.class);
  }

  @Test
  void aWorkerThatWasStoppedComesBackIntoTheNextGeneration() {
    Cluster cluster = running(Settings.of(3), 12);
    new Fault(Kind.STOP, 2, 0, 14_000).arrange(cluster);
    finish(cluster);
    assertThat(cluster.witness.worlds()).containsExactly(3, 2, 3);
  }

  @Test
  void aHealthySlowJobIsNotKilled() {
    for (long seed = 1; seed <= 5; seed++) {
      Cluster cluster = new Cluster(Settings.of(4).slow(), seed).startAll();
      finish(cluster);
      assertThat(cluster.witness.verdicts).isEmpty();
    }
  }

  @Test
  void anotherJobOnThePortIsToldSo() {
    assertThat(refusal("job B", "1.0", Cluster.DATA, Examples.CONFIGURATION))
        .isEqualTo(
            "ANOTHER_JOB job: the job has job, the worker has job B: "
                + "give each job a port of its own");
  }

  @Test
  void aWorkerWithOtherCodeDataOrConfigurationIsToldTheDifference() {
    Bytes other = Examples.hash(9);
    assertThat(refusal("job", "2.0", Cluster.DATA, Examples.CONFIGURATION))
        .isEqualTo(
            "ANOTHER_CODE code: the job has 1.0, the worker has 2.0: "
                + "start all from the same engine.jar");
    assertThat(refusal("job", "1.0", other, Examples.CONFIGURATION))
        .isEqualTo(
            "ANOTHER_DATA data: the job has 0101010101010101, the worker has 0909090909090909: "
                + "give all the same files");
    assertThat(refusal("job", "1.0", Cluster.DATA, List.of("epochs=30", "lr=0.04")))
        .isEqualTo(
            "ANOTHER_CONFIGURATION configuration: the job has --lr 0.02, the worker has --lr 0.04: "
                + "give all the same --lr");
  }

  private static String refusal(String job, String code, Bytes data, List<String> configuration) {
    Cluster cluster = new Cluster(Settings.of(3), 13);
    cluster.start(1);
    cluster.start(2);
    cluster.until(() -> false, 1_000);
    SimulatedWorker stranger = cluster.start(3, job, code, data, configuration);
    finish(cluster);
    assertThat(cluster.witness.worlds()).containsExactly(2); // who is wrong disturbs nobody
    Refused refused = (Refused) stranger.troubles.get(0);
    return refused.code() + " " + refused.reason();
  }

  @Test
  void withoutItsServerEveryMemberStopsAndSaysSo() {
    Cluster cluster = running(Settings.of(3), 14);
    long at = cluster.simulation.now();
    cluster.server.kill();
    cluster.until(() -> cluster.processes.stream().noneMatch(p -> p.troubles.isEmpty()), LIMIT);
    assertThat(cluster.simulation.now()).isLessThan(at + VERDICT);
    assertThat(cluster.until(cluster::over, LIMIT)).isTrue();
    for (SimulatedWorker worker : cluster.processes) {
      assertThat(worker.troubles).hasSize(2);
      assertThat(((Fenced) worker.troubles.get(0)).reason()).startsWith("heard nothing from the");
      assertThat(((Lost) worker.troubles.get(1)).reason())
          .isEqualTo("nobody listens there any more, so the job has ended; go on with --resume");
    }
  }

  @Test
  void aJobWithTooFewWorkersFailsInTime() {
    Cluster cluster = new Cluster(new Settings(3, 2, false, 2, 0, 0), 15);
    cluster.start(1);
    assertThat(cluster.until(cluster::over, cluster.settings.joinTimeout() + 5_000)).isTrue();
    assertThat(cluster.at(1).outcome()).contains("TOO_FEW");
    assertThat(cluster.server.coordinator.failure())
        .contains("within 120 s (--join-timeout) 1 of at least 2 workers came (--min-workers)");
  }

  /** All run, and one checkpoint counts. */
  private static Cluster running(Settings settings, long seed) {
    Cluster cluster = new Cluster(settings, seed).startAll();
    assertThat(cluster.until(() -> cluster.witness.committedStep() == 5, LIMIT)).isTrue();
    return cluster;
  }

  private static void finish(Cluster cluster) {
    assertThat(cluster.until(cluster::over, LIMIT)).as(cluster.simulation.story()).isTrue();
    assertThat(cluster.trained()).as(cluster.simulation.story()).isTrue();
  }

  private static void blamed(Cluster cluster, int verdict, MemberId culprit, long at) {
    Verdict first = cluster.witness.verdicts.get(verdict);
    assertThat(first.culprit()).contains(culprit);
    assertThat(first.time()).isLessThanOrEqualTo(at + VERDICT);
  }
}
