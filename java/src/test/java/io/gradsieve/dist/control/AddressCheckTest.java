package io.gradsieve.dist.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.handshake.Purpose;
import io.gradsieve.dist.handshake.ServerHandshake;
import io.gradsieve.dist.rendezvous.MemberId;
import io.gradsieve.dist.rendezvous.Message.Peer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Only addresses where a worker answers are told to the others. */
@Timeout(120)
class AddressCheckTest {
  private static final String INTERFACE = "10.0.0.3:4567";
  private static final String LOOPBACK = "127.0.0.1:4567";

  private record Asked(InetSocketAddress address, Consumer<Optional<String>> answer) {}

  private final List<Asked> asked = new ArrayList<>();
  private final List<AddressCheck.Result> results = new ArrayList<>();
  private final AddressCheck check =
      new AddressCheck((address, answer) -> asked.add(new Asked(address, answer)));

  private void check(long id, InetAddress from, String... addresses) {
    check.check(new Peer(new MemberId(0, id), 1, "avx2", List.of(addresses)), from, results::add);
  }

  private static InetAddress elsewhere() throws Exception {
    return InetAddress.getByName("192.0.2.7"); // RFC 5737: nobody's
  }

  @Test
  void whatAnswersIsKeptInItsOrder() throws Exception {
    check(1, elsewhere(), INTERFACE, "10.0.0.4:1", "[2001:db8::1]:2");
    assertThat(asked).hasSize(3);
    asked.get(2).answer().accept(Optional.empty());
    asked.get(1).answer().accept(Optional.of("no answer"));
    assertThat(results).isEmpty();
    asked.get(0).answer().accept(Optional.empty());
    assertThat(results.get(0).kept()).containsExactly(INTERFACE, "[2001:db8::1]:2");
    assertThat(results.get(0).problem()).isEmpty();
  }

  @Test
  void loopbackCountsOnlyForAWorkerOfThisMachine() throws Exception {
    check(1, InetAddress.getLoopbackAddress(), LOOPBACK);
    asked.get(0).answer().accept(Optional.empty());
    assertThat(results.get(0).kept()).containsExactly(LOOPBACK);
    check(2, elsewhere(), LOOPBACK, INTERFACE);
    assertThat(asked).hasSize(2);
    asked.get(1).answer().accept(Optional.of("no route"));
    assertThat(results.get(1).problem())
        .hasValueSatisfying(
            why ->
                assertThat(why)
                    .contains("127.0.0.1:4567 (loopback, of another machine)")
                    .contains("10.0.0.3:4567 (no route)")
                    .contains("--interface"));
  }

  @Test
  void aNameIsNotLookedUp() throws Exception {
    check(1, elsewhere(), "worker-3.example:4567", "nonsense");
    assertThat(asked).isEmpty();
    assertThat(results.get(0).problem()).isPresent();
  }

  @Test
  void aMemberThatComesAgainIsNotAskedAgain() throws Exception {
    check(1, elsewhere(), INTERFACE);
    asked.get(0).answer().accept(Optional.empty());
    check(1, elsewhere(), INTERFACE);
    assertThat(asked).hasSize(1);
    assertThat(results.get(1)).isEqualTo(results.get(0));
    check(1, elsewhere(), "10.0.0.4:4567");
    assertThat(asked).hasSize(2);
  }

  @Test
  void aHundredAtATimeAreLookedAt() throws Exception {
    for (int id = 0; id < 300; id++) {
      check(id, elsewhere(), INTERFACE);
    }
    assertThat(asked).hasSize(128);
    for (int i = 0; i < 300; i++) {
      asked.get(i).answer().accept(Optional.empty());
    }
    assertThat(results).hasSize(300);
  }

  @Test
  void manyThatWaitAndCantBeTriedAreAnsweredAtOnce() throws Exception {
    for (int id = 0; id < 128; id++) {
      check(id, elsewhere(), INTERFACE);
    }
    for (int id = 128; id < 10_000; id++) {
      check(id, elsewhere(), LOOPBACK);
    }
    assertThat(results).isEmpty();
    asked.get(0).answer().accept(Optional.empty());
    assertThat(results).hasSize(1 + 10_000 - 128);
  }

  @Test
  void overSocketsTheRingsListenerAnswersForItsJob() throws Exception {
    try (Job job = new Job(1, 15_000);
        ServerSocket ring = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
        ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      CompletableFuture<Outcome> answered = answerOne(ring);
      int nobody = deaf.getLocalPort();
      deaf.close();
      String here = "127.0.0.1:" + ring.getLocalPort();
      Membership member = job.member(here, "127.0.0.1:" + nobody);
      assertThat(member.ranked().peers().get(0).addresses()).containsExactly(here);
      Outcome.Done done = (Outcome.Done) answered.get(Job.SOON.toSeconds(), TimeUnit.SECONDS);
      assertThat(done.client().rank()).isEqualTo(Introduction.NONE);
    }
  }

  @Test
  void aWorkerThatCantBeReachedIsToldWhatWasTried() throws Exception {
    try (Job job = new Job(1, 15_000);
        ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String nobody = "127.0.0.1:" + deaf.getLocalPort();
      deaf.close();
      Membership member = job.member(nobody);
      assertThatThrownBy(member::ranked)
          .isInstanceOf(Usage.class)
          .hasMessageContaining(nobody + " (connection refused)")
          .hasMessageContaining("--interface");
    }
  }

  /** A worker's ring listener, for one probe. */
  private static CompletableFuture<Outcome> answerOne(ServerSocket ring) {
    CompletableFuture<Outcome> answered = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try (Socket probe = ring.accept()) {
                var me = new ServerHandshake.Member(Job.NAME, Purpose.RING, Introduction.NONE);
                var handshake =
                    new ServerHandshake(
                        me, Job.token(1).handshakeToken(), new byte[32], System.nanoTime());
                answered.complete(RawPeer.shake(probe, handshake));
              } catch (Exception e) {
                answered.completeExceptionally(e);
              }
            },
            "ring listener");
    thread.setDaemon(true);
    thread.start();
    return answered;
  }
}
