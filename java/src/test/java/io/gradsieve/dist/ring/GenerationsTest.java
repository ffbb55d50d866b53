package io.gradsieve.dist.ring;

import static io.gradsieve.dist.ring.Doors.LONG;
import static io.gradsieve.dist.ring.Doors.soon;
import static io.gradsieve.dist.ring.Doors.token;
import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import java.io.IOException;
import java.nio.DoubleBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One generation after another, ranks dealt anew, and some aborted in the middle. */
@Timeout(180)
class GenerationsTest {
  private static final int WORLD = 4;
  private static final int GENERATIONS = 40;

  @Test
  void eachIsFormedOrEndsAndNothingStaysOpen() throws Exception {
    RandomBits random = RandomBits.of(TestSeed.of(11), "generations", 0);
    long before;
    try (Doors doors = new Doors()) {
      for (int i = 0; i < WORLD; i++) {
        doors.open(token(1), i != 2);
      }
      assertThat(formed(doors, random.at(0), 1)).isTrue();
      before = descriptors();
      for (int generation = 2; generation <= GENERATIONS; generation++) {
        RandomBits draws = random.at(generation);
        if (draws.uniform(99) < 0.4) {
          abortInTheMiddle(doors, draws, generation);
        } else {
          assertThat(formed(doors, draws, generation)).isTrue();
        }
      }
      // those of the last generation wait for a turn of the doors
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
      while (descriptors() > before && System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      assertThat(descriptors()).isLessThanOrEqualTo(before);
      // who is aborted in the middle of a handshake
      assertThat(doors.log).allMatch(line -> line.contains("closed the connection before it was"));
    }
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }

  /** The doors in the order of their ranks. */
  private static List<RingDoor> dealt(Doors doors, RandomBits draws) {
    List<RingDoor> left = new ArrayList<>(doors.doors);
    List<RingDoor> dealt = new ArrayList<>();
    for (int i = 0; i < WORLD; i++) {
      dealt.add(left.remove((int) (draws.uniform(i) * left.size())));
    }
    return dealt;
  }

  private static List<Future<Ring>> begin(Doors doors, List<RingDoor> dealt, int generation)
      throws Exception {
    List<List<String>> addresses = dealt.stream().map(RingDoor::addresses).toList();
    List<Future<Ring>> forming = new ArrayList<>();
    for (int rank = 0; rank < WORLD; rank++) {
      RingDoor door = dealt.get(rank);
      var place = Doors.place(generation, rank, addresses);
      forming.add(doors.start(() -> door.form(place, LONG, Doors.PATIENCE, (who, since) -> {})));
    }
    return forming;
  }

  private static boolean formed(Doors doors, RandomBits draws, int generation) throws Exception {
    List<Future<double[]>> sums = new ArrayList<>();
    for (Future<Ring> each : begin(doors, dealt(doors, draws), generation)) {
      Ring ring = soon(each);
      sums.add(
          doors.start(
              () -> {
                double[] sum = {1 + ring.rank()};
                ring.allReduce(DoubleBuffer.wrap(sum));
                return sum;
              }));
      doors.rings.add(ring);
    }
    for (Future<double[]> sum : sums) {
      assertThat(soon(sum)).containsExactly(WORLD * (WORLD + 1) / 2.0);
    }
    doors.rings.forEach(Ring::close);
    doors.rings.clear();
    return true;
  }

  private static void abortInTheMiddle(Doors doors, RandomBits draws, int generation)
      throws Exception {
    List<RingDoor> dealt = dealt(doors, draws);
    List<Future<Ring>> forming = begin(doors, dealt, generation);
    try {
      forming.get(0).get((long) (4 * draws.uniform(98)), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      // aborted before it is formed
    }
    for (RingDoor door : dealt) {
      door.abort(generation);
    }
    for (Future<Ring> each : forming) {
      try {
        soon(each).close();
      } catch (ExecutionException e) {
        assertThat(e.getCause()).isInstanceOf(IOException.class);
      }
    }
  }
}
