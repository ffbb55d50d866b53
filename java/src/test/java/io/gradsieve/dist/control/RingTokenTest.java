package io.gradsieve.dist.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.dist.Compression;
import io.gradsieve.dist.cluster.Address;
import io.gradsieve.dist.control.Protection.Tls;
import io.gradsieve.dist.handshake.ClientHandshake;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.handshake.Refusal;
import io.gradsieve.dist.handshake.Token;
import io.gradsieve.dist.rendezvous.MemberEvent.Ranked;
import io.gradsieve.dist.ring.Ring;
import io.gradsieve.dist.ring.RingDoor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.DoubleBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Where certificates alone protect a job, the server's secret protects its ring. */
@Timeout(120)
class RingTokenTest {
  private static final int PATIENT = 15_000;

  @TempDir static Path directory;
  private static Tls files;

  private final List<RingDoor> doors = new ArrayList<>();
  private final BlockingQueue<Token> told = new LinkedBlockingQueue<>();
  private final List<String> doorLog = new CopyOnWriteArrayList<>();
  private final Log refused = new Log();

  @BeforeAll
  static void makeCertificates() throws Exception {
    files = Certificates.make(directory, "ours");
  }

  @AfterEach
  void close() {
    doors.forEach(RingDoor::close);
  }

  @AfterAll
  static void nothingLeaks() {
    BufferLeaks.check();
  }

  private static Job job(int workers, Protection protection) {
    return new Job(workers, PATIENT, 60_000, protection);
  }

  private static Protection certificatesAnd(Optional<Token> token) {
    return new Protection(token, Optional.of(files));
  }

  /** A worker with a listener that only its server can open to others. */
  private Membership join(Job job) throws Exception {
    RingDoor door = RingDoor.open(Job.NAME, Optional.empty(), Optional.empty(), true, this::log);
    doors.add(door);
    return job.member(
        token -> {
          door.trust(token);
          told.add(token);
        },
        door.addresses().toArray(String[]::new));
  }

  private void log(String line) {
    doorLog.add(line);
    refused.add(line);
  }

  private CompletableFuture<Double> sum(RingDoor door, Ranked place) {
    return CompletableFuture.supplyAsync(
        () -> {
          double[] own = {place.rank() + 1};
          try (Ring ring =
              door.form(place, Job.SOON, Job.SOON, (who, since) -> {}, Compression.NONE)) {
            ring.allReduce(DoubleBuffer.wrap(own));
          } catch (Exception e) {
            throw new AssertionError(e);
          }
          return own[0];
        },
        task -> new Thread(task, "forms").start());
  }

  private Outcome knock(RingDoor door, Introduction who, Token token) throws Exception {
    Address address = Address.parse("address", door.addresses().get(0));
    try (Socket socket = new Socket(address.host(), address.port())) {
      socket.setSoTimeout((int) Job.SOON.toMillis());
      return RawPeer.shake(
          socket, new ClientHandshake(who, token, new byte[32], System.nanoTime()));
    }
  }

  @Test
  void itsMembersFormARingAndNobodyElseGetsIn() throws Exception {
    try (Job job = job(2, certificatesAnd(Optional.empty()))) {
      List<Membership> members = List.of(join(job), join(job));
      List<CompletableFuture<Double>> sums = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        Ranked place = members.get(i).ranked();
        assertThat(place.peers().get(place.rank()).addresses())
            .isEqualTo(doors.get(i).addresses()); // so the server's probe was answered
        sums.add(sum(doors.get(i), place));
      }
      for (CompletableFuture<Double> each : sums) {
        assertThat(each.get(Job.SOON.toSeconds(), TimeUnit.SECONDS)).isEqualTo(3);
      }
      Introduction probe = Introduction.probe(Job.NAME);
      for (Protection stranger : List.of(Protection.none(), Job.token(1))) {
        assertThat(knock(doors.get(0), probe, stranger.handshakeToken()))
            .isEqualTo(new Outcome.Failed(Refusal.WRONG_TOKEN, false));
      }
      Token token = toldNext();
      assertThat(knock(doors.get(0), probe, token)).isInstanceOf(Outcome.Done.class);
      refused.await("has another token");
      assertThat(doorLog).allMatch(line -> line.contains("has another token"));
      String shown = hex(token).substring(0, 8);
      assertThat(job.log.count(shown)).isZero();
      assertThat(doorLog).noneMatch(line -> line.contains(shown));
    }
  }

  private Token toldNext() throws InterruptedException {
    Token token = told.poll(Job.SOON.toSeconds(), TimeUnit.SECONDS);
    assertThat(token).isNotNull();
    return token;
  }

  private static String hex(Token token) throws IOException {
    Path file = Files.createTempDirectory(directory, "told").resolve("token");
    token.write(file);
    return Files.readString(file);
  }

  @Test
  void whoComesToAnotherServerTakesThatOnes() throws Exception {
    try (Job job = job(2, certificatesAnd(Optional.empty()))) {
      Membership first = join(job);
      String before = hex(toldNext());
      job.restart(2, PATIENT);
      Membership second = join(job);
      assertThat(first.ranked().world()).isEqualTo(2);
      assertThat(second.ranked().peers()).isEqualTo(first.ranked().peers());
      String after = hex(toldNext());
      assertThat(hex(toldNext())).isEqualTo(after).isNotEqualTo(before);
    }
  }

  @Test
  void whoIsHandedNothingDoesNotJoin() {
    Protection silent = certificatesAnd(Optional.of(Protection.none().handshakeToken()));
    try (Job job = job(1, silent)) {
      Membership member = job.member(certificatesAnd(Optional.empty()), 0x11);
      CompletableFuture<Ranked> ranked =
          CompletableFuture.supplyAsync(member::ranked, task -> new Thread(task, "waits").start());
      assertThatThrownBy(() -> ranked.get(700, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);
    }
  }

  @Test
  void whereThereIsATokenOrNothingNoneIsHandedOut() throws Exception {
    Protection both = certificatesAnd(Job.token(1).token());
    for (Protection protection : List.of(both, Job.token(1), Protection.none())) {
      assertThat(protection.ringToken()).isPresent();
      try (Job job = job(1, protection)) {
        assertThat(job.member(told::add).ranked().world()).isEqualTo(1);
      }
    }
    assertThat(told).isEmpty();
    for (Protection protection : List.of(Job.token(1), Protection.none())) {
      try (Job job = job(1, protection);
          RawPeer stranger = new RawPeer(job.port())) {
        assertThat(stranger.shake(protection, (byte) 9, new ByteArrayOutputStream()))
            .isInstanceOf(Outcome.Done.class);
        stranger.pace(300);
        assertThat(stranger.nothingComes()).isTrue();
      }
    }
  }
}
