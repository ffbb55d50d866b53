package io.gradsieve.dist.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.control.Protection.Tls;
import io.gradsieve.dist.handshake.Refusal;
import io.gradsieve.dist.rendezvous.Deadlines;
import io.gradsieve.dist.rendezvous.Rules;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What either side says when TLS does not come about, over real sockets. */
@Timeout(120)
class TlsFailureTest {
  private static final int PATIENT = 15_000;

  @TempDir static Path directory;
  private static Tls ours;

  @BeforeAll
  static void makeCertificates() throws Exception {
    Certificates.make(directory, "authority");
    ours = Certificates.issue(directory, "authority", "ours");
  }

  @AfterAll
  static void nothingLeaks() {
    BufferLeaks.check();
  }

  /** Certificates as they are, as they may become while a job runs. */
  private static Protection unchecked(Tls files) {
    return new Protection(Optional.empty(), Optional.of(files));
  }

  private static Tls trusting(Tls files, Tls authority) {
    return new Tls(files.certificate(), files.key(), authority.authority());
  }

  /** The worker ends at once, as what is wrong stays so, and both say what. */
  private static void assertRefused(
      Protection server, Refusal serversWords, Protection worker, Refusal workersWords) {
    try (Job job = new Job(1, PATIENT, 60_000, server)) {
      Membership member = job.member(worker, 0x11);
      assertThatThrownBy(member::ranked)
          .isInstanceOf(Usage.class)
          .hasMessage(
              "the rendezvous server at 127.0.0.1:%d: what answers there %s"
                  .formatted(job.port(), workersWords.text()));
      job.log.await("refused a connection of 127.0.0.1, which " + serversWords.text());
      assertThat(job.log.count("refused a connection of")).isEqualTo(1);
    }
  }

  @Test
  void aServerOfAnotherAuthorityIsNotBelieved() throws Exception {
    Tls theirs = Certificates.make(directory, "another");
    assertRefused(
        unchecked(trusting(theirs, ours)),
        Refusal.REFUSES_CERTIFICATE,
        unchecked(ours),
        Refusal.OTHER_AUTHORITY);
  }

  @Test
  void aWorkerOfAnotherAuthorityIsNotBelieved() throws Exception {
    Tls theirs = Certificates.make(directory, "theirs");
    assertRefused(
        unchecked(ours),
        Refusal.OTHER_AUTHORITY,
        unchecked(trusting(theirs, ours)),
        Refusal.REFUSES_CERTIFICATE);
  }

  @Test
  void anAuthorityOfTheSameNameIsAnotherOne(@TempDir Path elsewhere) throws Exception {
    Certificates.make(elsewhere, "authority");
    Tls theirs = Certificates.issue(elsewhere, "authority", "theirs");
    assertRefused(
        unchecked(ours),
        Refusal.OTHER_AUTHORITY,
        unchecked(trusting(theirs, ours)),
        Refusal.REFUSES_CERTIFICATE);
    assertRefused(
        unchecked(trusting(theirs, ours)),
        Refusal.REFUSES_CERTIFICATE,
        unchecked(ours),
        Refusal.OTHER_AUTHORITY);
  }

  @Test
  void aCertificateThatHasExpiredOrIsNotValidYetIsNamedSo() throws Exception {
    String[][] dates = {{"-startdate", "-9d", "-validity", "3"}, {"-startdate", "+2d"}};
    for (int i = 0; i < dates.length; i++) {
      Tls old = Certificates.issue(directory, "authority", "old" + i, dates[i]);
      assertRefused(
          unchecked(old), Refusal.REFUSES_CERTIFICATE, unchecked(ours), Refusal.OLD_CERTIFICATE);
      assertRefused(
          unchecked(ours), Refusal.OLD_CERTIFICATE, unchecked(old), Refusal.REFUSES_CERTIFICATE);
    }
  }

  @Test
  void aCertificateForServersOnlyIsNoWorkers() throws Exception {
    Tls half = Certificates.issue(directory, "authority", "half", "-ext", "eku=serverAuth");
    assertRefused(
        unchecked(ours), Refusal.UNFIT_CERTIFICATE, unchecked(half), Refusal.REFUSES_CERTIFICATE);
  }

  @Test
  void whereOnlyOneSideHasCertificatesBothNameTls() {
    for (Protection plain : new Protection[] {Job.token(1), Protection.none()}) {
      assertRefused(unchecked(ours), Refusal.NO_TLS, plain, Refusal.ONLY_TLS);
      assertRefused(plain, Refusal.ONLY_TLS, unchecked(ours), Refusal.NO_TLS);
    }
    assertThat(Refusal.NO_TLS.text()).contains("TLS", "--tls-cert");
    assertThat(Refusal.ONLY_TLS.text()).contains("TLS", "--tls-cert");
  }

  @Test
  void aConnectionThatBrokeInTheHandshakeIsTriedAgain() throws Exception {
    Log log = new Log();
    InetAddress here = InetAddress.getLoopbackAddress();
    int port;
    try (ServerSocket listener = new ServerSocket(0, 1, here);
        Membership member = join(listener.getLocalPort(), log)) {
      port = listener.getLocalPort();
      while (log.count("what answers there " + Refusal.TLS_BROKE.text()) == 0) { // if it lasts
        hangUpWithinHello(listener);
      }
      listener.close();
      try (RendezvousServer server = listen(port)) {
        assertThat(member.ranked().world()).isEqualTo(1);
      }
    }
  }

  private static void hangUpWithinHello(ServerSocket listener) throws IOException {
    try (Socket accepted = listener.accept()) {
      byte[] header = accepted.getInputStream().readNBytes(5);
      int length = (header[3] & 0xff) << 8 | header[4] & 0xff;
      accepted.getInputStream().readNBytes(length); // or it were a reset
    }
  }

  private static Membership join(int port, Log log) {
    return Membership.join(
        "127.0.0.1",
        port,
        Job.NAME,
        Job.join(Job.NAME, 7, 0x11),
        unchecked(ours),
        token -> {},
        Duration.ofSeconds(30),
        log::add);
  }

  private static RendezvousServer listen(int port) {
    return RendezvousServer.start(
        new InetSocketAddress("127.0.0.1", port),
        new Rules(Job.NAME, OptionalInt.of(1), 1, false, new Deadlines(PATIENT), 60_000),
        unchecked(ours),
        line -> {});
  }
}
