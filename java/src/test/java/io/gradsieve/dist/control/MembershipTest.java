package io.gradsieve.dist.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.rendezvous.Bytes;
import io.gradsieve.dist.rendezvous.MemberEvent;
import io.gradsieve.dist.rendezvous.MemberEvent.Aborted;
import io.gradsieve.dist.rendezvous.MemberEvent.Fenced;
import io.gradsieve.dist.rendezvous.MemberEvent.Ranked;
import io.gradsieve.dist.rendezvous.Message.Barrier;
import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Commit;
import io.gradsieve.dist.rendezvous.Message.Committed;
import io.gradsieve.dist.rendezvous.Message.Done;
import io.gradsieve.dist.rendezvous.Message.GetKey;
import io.gradsieve.dist.rendezvous.Message.Heartbeat;
import io.gradsieve.dist.rendezvous.Message.Phase;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Message.Reply;
import io.gradsieve.dist.rendezvous.Message.SetKey;
import io.gradsieve.dist.rendezvous.Message.Value;
import io.gradsieve.dist.rendezvous.Message.WaitKey;
import io.gradsieve.dist.rendezvous.Stage;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Members and their server on real sockets. */
@Timeout(120)
class MembershipTest {
  private static final int PATIENT = 15_000; // a loaded machine's pause is not a failure
  private static final int SHORT = 3_000;

  @AfterAll
  static void nothingLeaks() {
    BufferLeaks.check();
  }

  private static BlockingQueue<MemberEvent> ends(Membership member) {
    BlockingQueue<MemberEvent> ends = new LinkedBlockingQueue<>();
    member.onEnd(ends::add);
    return ends;
  }

  private static MemberEvent next(BlockingQueue<MemberEvent> ends) throws InterruptedException {
    MemberEvent end = ends.poll(Job.SOON.toSeconds(), TimeUnit.SECONDS);
    assertThat(end).as("an end").isNotNull();
    return end;
  }

  private static CompletableFuture<Reply> later(Membership member, Barrier barrier) {
    return CompletableFuture.supplyAsync(
        () -> member.ask(barrier, Job.SOON), task -> new Thread(task, "asks").start());
  }

  @Test
  void threeMembersTrainAndLeave() throws Exception {
    try (Job job = new Job(3, PATIENT)) {
      List<Membership> members = job.members(3);
      List<Ranked> places = members.stream().map(Membership::ranked).toList();
      assertThat(places).extracting(Ranked::rank).containsExactlyInAnyOrder(0, 1, 2);
      assertThat(places).allMatch(place -> place.generation() == 1 && place.world() == 3);
      assertThat(places).allMatch(place -> place.peers().equals(places.get(0).peers()));
      assertThat(members.get(0).deadlines().failureTimeout()).isEqualTo(PATIENT);
      assertThat(job.server().stage()).isEqualTo(Stage.RUNNING);
      members.get(0).progress(new Heartbeat(3, 0, 10, 10, Phase.REDUCING));

      Membership first = members.get(rank(places, 0));
      Membership second = members.get(rank(places, 1));
      Bytes value = Bytes.of((byte) 1, (byte) 2);
      assertThat(second.ask(new GetKey("unique id"), Job.SOON))
          .isEqualTo(new Value(Optional.empty()));
      assertThat(first.ask(new SetKey("unique id", value), Job.SOON)).isEqualTo(new Done());
      assertThat(second.ask(new WaitKey("unique id", 5_000), Job.SOON))
          .isEqualTo(new Value(Optional.of(value)));
      assertThat(first.ask(new Commit(100), Job.SOON)).isEqualTo(new Committed(100));
      assertThat(second.ask(new Commit(101), Job.SOON)).isInstanceOf(Refusal.class);

      assertThat(code(first.ask(new Barrier("alone", 50), Job.SOON))).isEqualTo(Code.TIMEOUT);
      Barrier exit = new Barrier(Barrier.EXIT, 15_000);
      List<CompletableFuture<Reply>> all = members.stream().map(m -> later(m, exit)).toList();
      for (CompletableFuture<Reply> one : all) {
        assertThat(one.get(Job.SOON.toSeconds(), TimeUnit.SECONDS)).isEqualTo(new Done());
      }
      members.forEach(Membership::leave);
      assertThat(job.server().awaitEnd(Job.SOON)).isTrue();
      assertThat(job.server().failure()).isEmpty();
    }
  }

  private static Code code(Reply reply) {
    return ((Refusal) reply).code();
  }

  private static int rank(List<Ranked> places, int rank) {
    return IntStream.range(0, places.size())
        .filter(i -> places.get(i).rank() == rank)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aVerdictReachesTheOthersWithinASecond() throws Exception {
    try (Job job = new Job(3, PATIENT)) {
      List<Membership> members = job.members(3);
      BlockingQueue<MemberEvent> ends = ends(members.get(0));
      int culprit = members.get(2).ranked().rank();
      long begin = System.nanoTime();
      members.get(2).leave();
      Aborted verdict = (Aborted) next(ends);
      assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(1));
      assertThat(verdict.culprit()).isEqualTo(culprit);
      assertThatThrownBy(() -> members.get(0).ask(new GetKey("k"), Job.SOON))
          .isInstanceOf(PeerLost.class)
          .hasMessageContaining("127.0.0.1:" + job.port())
          .hasMessageContaining("left");
      BlockingQueue<MemberEvent> late = ends(members.get(0));
      assertThat(next(late)).isEqualTo(verdict);

      members.get(0).rejoin();
      members.get(1).rejoin();
      Ranked place = members.get(0).ranked();
      assertThat(place.generation()).isEqualTo(2);
      assertThat(place.world()).isEqualTo(2);
      assertThat(members.get(1).ranked().peers()).isEqualTo(place.peers());
    }
  }

  @Test
  void whoWaitsForAnAnswerHearsTheVerdict() throws Exception {
    try (Job job = new Job(2, PATIENT)) {
      List<Membership> members = job.members(2);
      CompletableFuture<Reply> waits = later(members.get(0), new Barrier("b", 60_000));
      members.get(1).leave();
      assertThatThrownBy(() -> waits.get(Job.SOON.toSeconds(), TimeUnit.SECONDS))
          .hasCauseInstanceOf(PeerLost.class)
          .hasMessageContaining("left");
    }
  }

  @Test
  void aLostConnectionWithoutAWordIsNamed() throws Exception {
    try (Job job = new Job(2, SHORT)) {
      List<Membership> members = job.members(2);
      BlockingQueue<MemberEvent> ends = ends(members.get(0));
      int culprit = members.get(1).ranked().rank();
      members.get(1).close();
      assertThat(((Aborted) next(ends)).culprit()).isEqualTo(culprit);
    }
  }

  @Test
  void whoAsksToRejoinBeforeTheVerdictIsInTheNextGeneration() throws Exception {
    try (Job job = new Job(3, SHORT)) {
      List<Membership> members = job.members(3);
      members.get(0).suspect(members.get(2).ranked().rank(), true, "reset");
      members.get(0).rejoin();
      members.get(1).rejoin();
      members.get(2).close();
      assertThat(members.get(0).ranked().generation()).isEqualTo(2);
      assertThat(members.get(1).ranked().world()).isEqualTo(2);
    }
  }

  @Test
  void aServerThatIsGoneFencesItsMembers() throws Exception {
    try (Job job = new Job(1, SHORT)) {
      Membership member = job.members(1).get(0);
      BlockingQueue<MemberEvent> ends = ends(member);
      job.server().close(Optional.empty());
      assertThat(next(ends)).isInstanceOf(Fenced.class);
      member.rejoin();
      assertThatThrownBy(member::ranked)
          .isInstanceOf(PeerLost.class)
          .hasMessageEndingWith(
              "nobody listens there any more, so the job has ended; go on with --resume; last: connection refused");
    }
  }

  @Test
  void aServerThatIsStoppedTellsItsMembersWhy() throws Exception {
    try (Job job = new Job(1, PATIENT)) {
      Membership member = job.members(1).get(0);
      BlockingQueue<MemberEvent> ends = ends(member);
      job.server().close("the launch on n01 has ended: disk full");
      assertThat(next(ends)).isInstanceOf(MemberEvent.Refused.class);
      member.rejoin();
      assertThatThrownBy(member::ranked)
          .isInstanceOf(PeerLost.class)
          .hasMessage(
              "the rendezvous server at 127.0.0.1:%d: the launch on n01 has ended: disk full"
                  .formatted(job.port()));
    }
  }

  @Test
  void whoWaitsLongForTheServerSaysWhy() throws Exception {
    try (Job job = new Job(1, PATIENT)) {
      int port = job.port();
      job.server().close(Optional.empty());
      job.member();
      job.log.await(
          "warning: not in the job at 127.0.0.1:%d yet: connection refused; tries for 10 s in all (--join-timeout)"
              .formatted(port));
    }
  }

  @Test
  void anotherServerOnThePortTakesNoMemberOver() throws Exception {
    try (Job job = new Job(1, PATIENT)) {
      Membership member = job.members(1).get(0);
      BlockingQueue<MemberEvent> ends = ends(member);
      job.restart(1, PATIENT);
      assertThat(next(ends)).isInstanceOf(MemberEvent.Refused.class);
      member.rejoin();
      assertThatThrownBy(member::ranked)
          .isInstanceOf(PeerLost.class)
          .hasMessageContaining("another server");
    }
  }

  @Test
  void whoHasOtherDataIsToldSo() {
    try (Job job = new Job(1, PATIENT)) {
      job.members(1); // the first of a job says what is right
      assertThatThrownBy(job.member(Job.token(1), 0x33)::ranked)
          .isInstanceOf(Usage.class)
          .hasMessageContaining(
              "data: the job has 1111111111111111, the worker has 3333333333333333: give");
    }
  }

  @Test
  void tooFewWorkersAreALostJob() throws Exception {
    try (Job job = new Job(2, SHORT, 1_000, Job.token(1))) {
      // one of two is not more than half of the two that are known, while the other is silent
      assertThat(job.server().awaitEnd(Job.SOON)).isTrue();
      assertThat(job.server().failure())
          .hasValueSatisfying(why -> assertThat(why).contains("0 of"));
      Membership late = job.member();
      assertThatThrownBy(late::ranked).isInstanceOf(PeerLost.class).hasMessageContaining("over");
    }
  }

  @Test
  void whereNobodyListensTheErrorSaysWhereAndWhatToCheck() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    try (Membership member = alone("127.0.0.1", port)) {
      assertThatThrownBy(member::ranked)
          .isInstanceOf(PeerLost.class)
          .hasMessageContaining("127.0.0.1:" + port)
          .hasMessageContaining("connection refused")
          .hasMessageContaining("is launch running there?");
    }
  }

  @Test
  void aNameWithoutAnAddressIsTriedUntilTheJoinTimeout() {
    try (Membership member = alone("no-such-host.invalid", 1)) {
      assertThatThrownBy(member::ranked)
          .isInstanceOf(PeerLost.class)
          .hasMessageContaining("no-such-host.invalid:1");
    }
  }

  private static Membership alone(String host, int port) {
    return Membership.join(
        host,
        port,
        Job.NAME,
        Job.join(Job.NAME, 1, 0x11),
        Protection.none(),
        token -> {},
        Duration.ofMillis(600),
        line -> {});
  }

  @Test
  void anotherTokenIsNamedOnBothSides() {
    try (Job job = new Job(1, PATIENT)) {
      Membership stranger = job.member(Job.token(2), 0x11);
      assertThatThrownBy(stranger::ranked)
          .isInstanceOf(Usage.class)
          .hasMessageContaining("127.0.0.1:" + job.port())
          .hasMessageContaining("--token-file");
      job.log.await("refused a connection of 127.0.0.1, which has another token");
    }
  }

  @Test
  void anotherJobIsToldSo() {
    try (Job job = new Job(1, PATIENT)) {
      Membership stranger = job.member(Job.token(1), "another", 0x11);
      assertThatThrownBy(stranger::ranked)
          .isInstanceOf(Usage.class)
          .hasMessageContaining("belongs to another job");
    }
  }

  @Test
  void onLoopbackAJobNeedsNoToken() {
    try (Job job = new Job(1, PATIENT, 60_000, Protection.none())) {
      assertThat(job.members(1).get(0).ranked().rank()).isZero();
    }
  }
}
