package io.gradsieve.dist.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.rendezvous.Frame;
import io.gradsieve.dist.rendezvous.MemberEvent;
import io.gradsieve.dist.rendezvous.Message.GetKey;
import io.gradsieve.dist.rendezvous.MessageCodec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever comes to the server's port, the job of two members goes on. */
@Timeout(120)
class HostilePeersTest {
  private static final int PATIENT = 15_000;
  private static final int CHALLENGE = 8 + 64; // header, nonce and proof
  private static final int PROOF = 8 + 32;

  private Job job;
  private List<Membership> members;
  private final Queue<MemberEvent> ends = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void begin() {
    job = new Job(2, PATIENT);
    members = job.members(2);
    members.forEach(member -> member.onEnd(ends::add));
  }

  @AfterEach
  void theJobGoesOn() {
    try (Job all = job) {
      for (Membership member : members) {
        assertThat(member.ask(new GetKey("k"), Job.SOON)).isNotNull();
        assertThat(member.ranked().generation()).isEqualTo(1);
      }
      assertThat(ends).isEmpty();
    }
  }

  @AfterAll
  static void nothingLeaks() {
    BufferLeaks.check();
  }

  private RawPeer connect() throws IOException {
    return new RawPeer(job.port());
  }

  @Test
  void whoHangsUpEarlyIsForgotten() throws Exception {
    byte[] beginning = {'G', 'S', 'D', 'H', 1, 1, 0, 60};
    for (int length : new int[] {0, 1, 7, 8}) {
      try (RawPeer peer = connect()) {
        peer.send(Arrays.copyOf(beginning, length));
      }
    }
    job.log.await("closed the connection before it was authenticated");
  }

  @Test
  void garbageIsHungUpOnWithoutAnAnswer() throws Exception {
    RandomBits random = RandomBits.of(TestSeed.of(1), "garbage", 0);
    for (int i = 0; i < 50; i++) {
      byte[] garbage = new byte[1 + random.below(2L * i, 2_000)];
      for (int at = 0; at < garbage.length; at++) {
        garbage[at] = (byte) random.at(i).bits(at);
      }
      garbage[0] &= 0x0f; // no "G", lest it be the first of a handshake, and none of TLS
      try (RawPeer peer = connect()) {
        peer.send(garbage);
        assertThat(peer.readToEnd()).isEmpty();
      }
    }
    job.log.await("does not speak Gradsieve's protocol");
    assertThat(job.log.count("does not speak Gradsieve's protocol")).isEqualTo(1);
  }

  @Test
  void silenceAndAByteNowAndThenEndAfterFiveSeconds() throws Exception {
    long begin = System.nanoTime();
    try (RawPeer silent = connect();
        RawPeer slow = connect()) {
      byte[] hello = {'G', 'S', 'D', 'H', 1, 1, 0, 60, 1, 1};
      int sent = 0;
      slow.pace(700); // ms: a byte is sent whenever none came for so long
      while (sent < hello.length && slow.nothingComes()) {
        slow.send(hello[sent++]);
      }
      slow.pace((int) Job.SOON.toMillis());
      slow.readToEnd();
      silent.readToEnd();
    }
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);
    assertThat(seconds).isBetween(4L, 15L);
    job.log.await("was not authenticated in time");
  }

  @Test
  void aRecordedHandshakeProvesNothing() throws Exception {
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    try (RawPeer peer = connect()) {
      assertThat(peer.shake(Job.token(1), (byte) 9, sent)).isInstanceOf(Outcome.Done.class);
    }
    try (RawPeer replay = connect()) {
      replay.send(sent.toByteArray());
      assertThat(replay.readToEnd()).hasSizeLessThanOrEqualTo(CHALLENGE + 9);
    }
    job.log.await("has another token");
  }

  @Test
  void theServersOwnProofSentBackProvesNothing() throws Exception {
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    try (RawPeer peer = connect()) {
      peer.shake(Job.token(1), (byte) 9, sent);
    }
    byte[] hello = Arrays.copyOf(sent.toByteArray(), sent.size() - PROOF);
    try (RawPeer mirror = connect()) {
      mirror.send(hello);
      byte[] challenge = mirror.read(CHALLENGE);
      byte[] proof = {'G', 'S', 'D', 'H', 1, 3, 0, 32};
      mirror.send(proof);
      mirror.send(Arrays.copyOfRange(challenge, CHALLENGE - 32, CHALLENGE));
      assertThat(mirror.readToEnd()).hasSizeLessThanOrEqualTo(9);
    }
    job.log.await("has another token");
  }

  @Test
  void aMembersBadFrameAndBadSealEndItsConnection() throws Exception {
    byte[] frame = MessageCodec.encode(new Frame(1, 0, new GetKey("k")));
    try (RawPeer peer = connect()) {
      peer.shake(Job.token(1), (byte) 9, new ByteArrayOutputStream());
      peer.send(frame);
      peer.send(new byte[32]);
      assertThat(peer.readToEnd()).isEmpty();
    }
    job.log.await("whose seal is wrong");
    try (RawPeer peer = connect()) {
      Outcome.Done done =
          (Outcome.Done) peer.shake(Job.token(1), (byte) 9, new ByteArrayOutputStream());
      frame[20] = 0x7f; // two thousand million bytes
      ByteBuffer sealed = done.seal().seal(ByteBuffer.wrap(frame));
      peer.send(sealed.array());
      assertThat(peer.readToEnd()).isEmpty();
    }
    job.log.await("breaks the protocol after it was authenticated");
  }

  /** Ten waves of a thousand that say nothing; each goes when there were too many. */
  @Test
  void aFloodOfTenThousandConnectionsIsOneLineACause() throws Exception {
    InetSocketAddress server = new InetSocketAddress(InetAddress.getLoopbackAddress(), job.port());
    for (int wave = 0; wave < 10; wave++) {
      List<SocketChannel> open = new ArrayList<>();
      for (int i = 0; i < 1_000; i++) {
        SocketChannel stranger = SocketChannel.open();
        open.add(stranger);
        stranger.configureBlocking(false);
        stranger.connect(server);
      }
      assertThat(members.get(0).ask(new GetKey("k"), Job.SOON)).isNotNull();
      job.log.await("is one of too many that are not authenticated");
      for (SocketChannel stranger : open) {
        stranger.close();
      }
    }
    assertThat(job.log.count("refused a connection of")).isBetween(1L, 3L);
  }
}
