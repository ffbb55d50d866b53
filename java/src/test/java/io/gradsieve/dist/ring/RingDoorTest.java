package io.gradsieve.dist.ring;

import static io.gradsieve.dist.ring.Doors.LONG;
import static io.gradsieve.dist.ring.Doors.soon;
import static io.gradsieve.dist.ring.Doors.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.dist.handshake.Outcome;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.DoubleBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(90)
class RingDoorTest {
  private static final Duration SHORT = Duration.ofMillis(700);

  private final Doors doors = new Doors();

  @AfterEach
  void close() {
    doors.close();
  }

  private void open(int count, boolean unix) throws IOException {
    for (int i = 0; i < count; i++) {
      doors.open(token(1), unix);
    }
  }

  private void assertSum(List<Ring> rings) throws Exception {
    List<Future<double[]>> sums = new ArrayList<>();
    for (Ring ring : rings) {
      sums.add(
          doors.start(
              () -> {
                double[] own = {1 << ring.rank(), 1, 0.5};
                ring.allReduce(DoubleBuffer.wrap(own));
                return own;
              }));
    }
    int world = rings.size();
    for (Future<double[]> sum : sums) {
      assertThat(soon(sum)).containsExactly((1 << world) - 1, world, 0.5 * world);
    }
  }

  private static NeighbourLost lost(Future<Ring> forming) throws Exception {
    try {
      soon(forming);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof NeighbourLost lost) {
        return lost;
      }
      throw e;
    }
    throw new AssertionError("a ring was formed");
  }

  @ParameterizedTest
  @CsvSource({"1,false", "2,false", "3,false", "5,false", "1,true", "2,true", "3,true", "5,true"})
  void everyGenerationHasItsRing(int world, boolean unix) throws Exception {
    open(world, unix);
    for (int generation = 1; generation <= 3; generation++) {
      List<Ring> rings = doors.formAll(generation);
      assertSum(rings);
      rings.forEach(Ring::close);
    }
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void workersOfOneHostUseTheirUnixSocketWhereThereIsOne(boolean unix) throws Exception {
    open(2, unix);
    Future<Ring> forming = doors.form(1, 1, LONG);
    SocketChannel channel = approach(Doors.worker(0, 1, 1));
    assertThat(channel.getRemoteAddress() instanceof UnixDomainSocketAddress).isEqualTo(unix);
    channel.close();
    forming.cancel(true);
  }

  private SocketChannel approach(io.gradsieve.dist.handshake.Introduction who) throws IOException {
    List<String> addresses = doors.doors.get(who.target()).addresses();
    try (Approach approach =
        new Approach(who, token(1), new SecureRandom(), addresses, System.nanoTime())) {
      Optional<SocketChannel> channel = Optional.empty();
      while (channel.isEmpty()) {
        channel = approach.advance(System.nanoTime(), TimeUnit.SECONDS.toNanos(1));
      }
      return channel.get();
    }
  }

  @Test
  void whoComesBeforeItsNeighbourKnowsOfTheGenerationComesAgain() throws Exception {
    open(2, true);
    assertSum(doors.formAll(1));
    Future<Ring> early = doors.form(2, 0, LONG);
    assertThatThrownBy(() -> early.get(300, TimeUnit.MILLISECONDS))
        .isInstanceOf(java.util.concurrent.TimeoutException.class);
    Future<Ring> late = doors.form(2, 1, LONG);
    assertSum(List.of(soon(early), soon(late)));
    assertThat(doors.log).isEmpty();
  }

  @Test
  void whoIsInAnEndedGenerationIsToldAtOnce() throws Exception {
    open(2, true);
    Future<Ring> ahead = doors.form(6, 1, LONG);
    NeighbourLost lost = lost(doors.form(5, 0, LONG));
    assertThat(lost.rank()).isEqualTo(1);
    assertThat(lost)
        .hasMessageContaining("rank 1 at 127.0.0.1:")
        .hasMessageEndingWith("is in generation 6, not 5: this generation is over");
    assertThat(ahead.isDone()).isFalse();
    doors.doors.get(1).abort(6);
  }

  @Test
  void anAddressWhereNobodyListensIsNamed() throws Exception {
    open(2, true);
    String address = doors.doors.get(1).addresses().get(0);
    doors.doors.get(1).close();
    NeighbourLost lost = lost(doors.form(1, 0, SHORT));
    assertThat(lost.rank()).isEqualTo(1);
    assertThat(lost.isBroken()).isTrue();
    assertThat(lost)
        .hasMessage(
            "no ring within 0.7 s: rank 1 can't be reached: %s refuses connections; rank 1, %s,"
                    .formatted(address, address)
                + " has not come to %s; check that it runs, firewalls between, and --interface on both"
                    .formatted(doors.doors.get(0).addresses().get(0)));
  }

  @Test
  void aPreviousRankThatDoesNotComeIsNamed() throws Exception {
    open(3, true);
    Future<Ring> next = doors.form(1, 0, LONG);
    NeighbourLost lost = lost(doors.form(1, 2, SHORT));
    assertThat(lost.rank()).isEqualTo(1);
    assertThat(lost)
        .hasMessageContaining("rank 1, " + doors.doors.get(1).addresses().get(0))
        .hasMessageNotContaining("can't be reached");
    doors.doors.get(0).abort(1);
    assertThatThrownBy(() -> soon(next))
        .hasRootCauseMessage("the ring of generation 1 was aborted");
  }

  @Test
  void whoTakesTheConnectionAndSaysNothingDoesNotHoldUpTheOtherAddress() throws Exception {
    open(2, false);
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      String dead = "127.0.0.1:" + silent.getLocalPort();
      List<String> both = List.of(dead, doors.doors.get(1).addresses().get(0));
      var place = Doors.place(1, 0, List.of(doors.doors.get(0).addresses(), both));
      Future<Ring> first =
          doors.start(
              () -> doors.doors.get(0).form(place, LONG, Doors.PATIENCE, (who, since) -> {}));
      Future<Ring> second = doors.form(1, 1, LONG);
      assertSum(List.of(soon(first), soon(second)));
      soon(first).close();
    }
  }

  @Test
  void anotherTokenIsNamedOnBothSides() throws Exception {
    doors.open(token(1), true);
    doors.open(token(2), true);
    Future<Ring> other = doors.form(1, 1, LONG);
    NeighbourLost lost = lost(doors.form(1, 0, SHORT));
    assertThat(lost)
        .hasMessageContaining("has another token: give both sides the same --token-file");
    assertThat(doors.log).anyMatch(line -> line.contains("127.0.0.1, which has another token"));
    doors.doors.get(1).abort(1);
    assertThatThrownBy(() -> soon(other)).isInstanceOf(ExecutionException.class);
  }

  @Test
  void whoHasNoTokenYetLetsNobodyIn() throws Exception {
    doors.open(Optional.empty(), true);
    doors.open(Optional.empty(), true);
    try (Socket stranger = doors.knock(0)) {
      Future<Outcome> waits =
          doors.start(() -> Doors.shakeHands(stranger, Doors.worker(1, 0, 1), token(1)));
      assertThatThrownBy(() -> waits.get(300, TimeUnit.MILLISECONDS))
          .isInstanceOf(java.util.concurrent.TimeoutException.class);
      doors.doors.forEach(door -> door.trust(token(2)));
      assertSum(doors.formAll(1));
      assertThat(soon(waits)).isInstanceOf(Outcome.Failed.class);
    }
    doors.doors.forEach(door -> door.trust(token(3)));
    assertSum(doors.formAll(2));
  }

  @Test
  void anAbortEndsAFormingAtOnce() throws Exception {
    open(2, true);
    Future<Ring> forming = doors.form(1, 0, LONG);
    assertThatThrownBy(() -> forming.get(100, TimeUnit.MILLISECONDS))
        .isInstanceOf(java.util.concurrent.TimeoutException.class);
    long start = System.nanoTime();
    doors.doors.get(0).abort(1);
    assertThatThrownBy(() -> soon(forming))
        .cause()
        .isInstanceOf(IOException.class)
        .hasMessage("the ring of generation 1 was aborted");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(LONG.dividedBy(3));
  }

  @Test
  void anAbortThatComesBeforeTheFormingEndsThatGenerationOnly() throws Exception {
    open(2, true);
    doors.doors.get(0).abort(1);
    assertThatThrownBy(() -> soon(doors.form(1, 0, LONG)))
        .hasRootCauseMessage("the ring of generation 1 was aborted");
    assertSum(doors.formAll(2));
  }

  @Test
  void anAbortEndsTheRingThatWasFormed() throws Exception {
    open(2, true);
    List<Ring> rings = doors.formAll(1);
    CountDownLatch begun = new CountDownLatch(1);
    Future<?> waiting =
        doors.start(
            () -> {
              begun.countDown();
              rings.get(0).barrier();
              return null;
            });
    assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
    doors.doors.get(0).abort(1);
    assertThatThrownBy(() -> soon(waiting)).hasMessageContaining("the operation was aborted");
    // who was not told yet sees its neighbour go
    assertThatThrownBy(() -> rings.get(1).barrier())
        .isInstanceOfSatisfying(
            NeighbourLost.class,
            lost -> {
              assertThat(lost.rank()).isZero();
              assertThat(lost.isBroken()).isTrue();
            });
  }

  @Test
  void anInterruptEndsAForming() throws Exception {
    open(2, true);
    Thread.currentThread().interrupt();
    assertThatThrownBy(
            () ->
                doors
                    .doors
                    .get(0)
                    .form(doors.place(1, 0), LONG, Doors.PATIENCE, (who, since) -> {}))
        .isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isFalse();
  }

  @Test
  void theUnixSocketIsPrivateAndGoesWithTheDoor() throws Exception {
    UnixDoor unix = UnixDoor.open().orElseThrow();
    Path directory = unix.path().getParent();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
        .isEqualTo("rwx------");
    assertThat(unix.path().toString()).hasSizeLessThan(108);
    unix.close();
    assertThat(directory).doesNotExist();
  }

  @Test
  void whatAKilledProcessLeftIsSweptAndWhatLivesIsNot(@TempDir Path base) throws Exception {
    Path left = Files.createDirectory(base.resolve("gradsieve-ring-1"));
    Files.createFile(left.resolve("door"));
    Files.createFile(left.resolve("lock"));
    Path lives = Files.createDirectory(base.resolve("gradsieve-ring-2"));
    Path fresh = Files.createDirectory(base.resolve("gradsieve-ring-3"));
    Path other = Files.createDirectory(base.resolve("other"));
    Files.setLastModifiedTime(fresh, FileTime.from(Instant.now().plusSeconds(3_600)));
    try (FileChannel file =
        FileChannel.open(
            lives.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      assertThat(file.lock().isValid()).isTrue();
      UnixDoor.sweep(base, -60_000);
    }
    assertThat(left).doesNotExist();
    assertThat(List.of(lives, fresh, other)).allMatch(Files::exists);
  }

  @Test
  void onLoopbackOnlyThatIsTold() throws Exception {
    try (RingDoor door =
        RingDoor.open(Doors.JOB, Optional.of(token(1)), Optional.empty(), true, doors.log::add)) {
      assertThat(door.addresses())
          .isNotEmpty()
          .allSatisfy(
              address ->
                  assertThat(Approach.internet(address).getAddress().isLoopbackAddress()).isTrue());
    }
  }
}
