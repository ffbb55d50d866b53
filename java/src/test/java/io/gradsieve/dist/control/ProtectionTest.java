package io.gradsieve.dist.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.control.Protection.Tls;
import io.gradsieve.dist.handshake.Token;
import io.gradsieve.dist.rendezvous.Deadlines;
import io.gradsieve.dist.rendezvous.Rules;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who may listen where, and TLS. */
@Timeout(120)
class ProtectionTest {
  private static final int PATIENT = 15_000;

  @TempDir static Path directory;
  private static Tls ours;
  private static Tls theirs;

  @BeforeAll
  static void makeCertificates() throws Exception {
    ours = Certificates.make(directory, "ours");
    theirs = Certificates.make(directory, "theirs");
  }

  @AfterAll
  static void nothingLeaks() {
    BufferLeaks.check();
  }

  private static Protection tls(Tls files) {
    return Protection.of(Optional.empty(), Optional.of(files));
  }

  private static RendezvousServer listen(String host, int port, Protection protection) {
    return RendezvousServer.start(
        new InetSocketAddress(host, port),
        new Rules(Job.NAME, OptionalInt.of(1), 1, false, new Deadlines(PATIENT), 60_000),
        protection,
        line -> {});
  }

  @Test
  void offLoopbackSomethingMustProtect() throws Exception {
    assertThatThrownBy(() -> listen("0.0.0.0", 0, Protection.none()))
        .isInstanceOf(Usage.class)
        .hasMessageContaining("the rendezvous server at 0.0.0.0")
        .hasMessageContaining("--token-file");
    InetAddress other = InetAddress.getByName("10.1.2.3");
    assertThatThrownBy(() -> Protection.none().require(other, "the ring"))
        .isInstanceOf(Usage.class)
        .hasMessageContaining("the ring at 10.1.2.3");
    assertThatCode(() -> Job.token(1).require(other, "the ring")).doesNotThrowAnyException();
    assertThatCode(() -> Protection.none().require(InetAddress.getLoopbackAddress(), "the ring"))
        .doesNotThrowAnyException();
  }

  @Test
  void aTakenPortAndAnotherMachinesAddressAreNamed() {
    try (RendezvousServer first = listen("127.0.0.1", 0, Protection.none())) {
      assertThatThrownBy(() -> listen("127.0.0.1", first.port(), Protection.none()))
          .isInstanceOf(Usage.class)
          .hasMessageContaining("127.0.0.1:" + first.port())
          .hasMessageContaining("another process listens there");
    }
    assertThatThrownBy(() -> listen("192.0.2.1", 29_400, Job.token(1))) // RFC 5737: nobody's
        .isInstanceOf(Usage.class)
        .hasMessageContaining("192.0.2.1:29400")
        .hasMessageContaining("none of this machine's");
  }

  @Test
  void withCertificatesOfOneAuthorityMembersMeetInTls() throws Exception {
    try (Job job = new Job(2, PATIENT, 60_000, tls(ours))) {
      assertThat(job.members(2).get(0).ranked().world()).isEqualTo(2);
    }
  }

  @Test
  void aCertificateOfAnotherAuthorityIsRefused() {
    try (Job job = new Job(1, PATIENT, 60_000, tls(ours))) {
      Tls forged = new Tls(theirs.certificate(), theirs.key(), ours.authority());
      Protection unchecked = new Protection(Optional.empty(), Optional.of(forged));
      assertLost(job, unchecked); // the server does not believe it
      job.log.await("has no certificate of this side's --tls-ca");
      assertLost(job, tls(theirs)); // it does not believe the server
      assertLost(job, Protection.none()); // it speaks no TLS
    }
  }

  private static void assertLost(Job job, Protection protection) {
    List<Token> told = new CopyOnWriteArrayList<>();
    try (Membership stranger =
        Membership.join(
            "127.0.0.1",
            job.port(),
            Job.NAME,
            Job.join(Job.NAME, 7, 0x11),
            protection,
            told::add,
            Duration.ofMillis(1_500),
            line -> {})) {
      assertThatThrownBy(stranger::ranked)
          .isInstanceOfAny(PeerLost.class, Usage.class)
          .hasMessageContaining("127.0.0.1:" + job.port());
    }
    assertThat(told).isEmpty();
  }
}
