package io.gradsieve.bench.dist;

import io.gradsieve.backend.cpu.CpuBackend;
import io.gradsieve.dist.Collective;
import io.gradsieve.dist.Compression;
import io.gradsieve.dist.memory.HostMemory;
import io.gradsieve.dist.memory.SharedRegions;
import io.gradsieve.dist.ring.Ring;
import io.gradsieve.natives.NativeMemory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Two processes on this machine sum 25 MB in turns with something that says what the machine can
 * do: {@code AllReduce tcp|unix|memory [MB] [PAIRS]}. Beside a ring a plain copy of as many bytes
 * both ways at once over connections of the same kind, and a ring that compresses; beside memory
 * the ring over TCP, and values that have to be copied in and out. One line each: the median in
 * GB/s of each direction, and the median of the pairs' ratios.
 *
 * <p>{@code AllReduce tcp|unix|memory MB serve} is a side of {@link Beside}.
 */
public final class AllReduce {
  private static final int WARM_UP = 20;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String SERVE = "serve";

  private AllReduce() {}

  /** Something that both processes do at once. */
  private interface Turn {
    void take() throws IOException, InterruptedException;
  }

  private record Contestant(String name, Turn turn) {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length == 0 || !List.of("tcp", "unix", "memory").contains(arguments[0])) {
      System.err.println("usage: AllReduce tcp|unix|memory [MB] [PAIRS]");
      System.exit(2);
    }
    String kind = arguments[0];
    int megabytes = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 25;
    String pairs = arguments.length > 2 ? arguments[2] : "15";
    String[] child = {kind, Integer.toString(megabytes), pairs};
    try (Lines lines = Lines.open(arguments.length > 3 ? arguments[3] : "", child)) {
      turns(lines, kind, megabytes, pairs);
    }
  }

  private static void turns(Lines lines, String kind, int megabytes, String pairs)
      throws IOException, InterruptedException {
    int bytes = megabytes * 1_000_000 / Float.BYTES * Float.BYTES;
    CpuBackend.open(1).close(); // which chooses kernels
    boolean tcp = kind.equals("tcp");
    try (Ring ring = lines.ring(tcp, PATIENCE, Compression.NONE)) {
      List<Contestant> contestants = new ArrayList<>();
      if (kind.equals("memory")) {
        memory(lines, ring, bytes, contestants);
      } else {
        ByteBuffer values = NativeMemory.view(NativeMemory.allocate(bytes), bytes);
        contestants.add(new Contestant("all-reduce", () -> ring.allReduce(List.of(values))));
        contestants.add(new Contestant("two-way copy", lines.copy(tcp, bytes)::run));
        Ring half = lines.ring(tcp, PATIENCE, Compression.BF16);
        contestants.add(new Contestant("compressed", () -> half.allReduce(List.of(values))));
      }
      if (pairs.equals(SERVE)) {
        serve(ring, contestants.get(0));
      } else {
        compare(ring, contestants, bytes, Integer.parseInt(pairs));
      }
    }
  }

  /** The collective is not closed: it ends with the process. */
  private static void memory(Lines lines, Ring ring, int bytes, List<Contestant> contestants)
      throws IOException, InterruptedException {
    SharedRegions regions = new SharedRegions();
    ByteBuffer values = NativeMemory.view(regions.allocate(bytes), bytes);
    ByteBuffer elsewhere = NativeMemory.view(NativeMemory.allocate(bytes), bytes);
    Collective memory = HostMemory.open(ring, regions);
    Ring tcp = lines.ring(true, PATIENCE, Compression.NONE);
    contestants.add(new Contestant("all-reduce", () -> memory.allReduce(List.of(values))));
    contestants.add(
        new Contestant("copied in and out", () -> memory.allReduce(List.of(elsewhere))));
    contestants.add(new Contestant("ring over TCP", () -> tcp.allReduce(List.of(values))));
  }

  private static double seconds(Collective both, Turn turn)
      throws IOException, InterruptedException {
    both.barrier();
    long start = System.nanoTime();
    turn.take();
    both.barrier();
    return (System.nanoTime() - start) / 1e9;
  }

  private static void compare(Ring both, List<Contestant> contestants, int bytes, int rounds)
      throws IOException, InterruptedException {
    double[][] seconds = new double[contestants.size()][rounds];
    for (int i = -WARM_UP; i < rounds; i++) {
      for (int c = 0; c < seconds.length; c++) {
        double taken = seconds(both, contestants.get(c).turn);
        if (i >= 0) {
          seconds[c][i] = taken;
        }
      }
    }
    if (both.rank() != 0) {
      return;
    }
    for (int c = 0; c < seconds.length; c++) {
      double[] ratios = new double[rounds];
      for (int i = 0; i < rounds; i++) {
        ratios[i] = seconds[c][i] / seconds[0][i];
      }
      System.out.printf(
          Locale.ROOT,
          "%s %.2f GB/s%s%n",
          contestants.get(c).name,
          bytes / Median.of(seconds[c]) / 1e9,
          c == 0
              ? ""
              : ", %s to it %.2f (median of %d pairs)"
                  .formatted(contestants.get(0).name, Median.of(ratios), rounds));
    }
  }

  /** For each line that comes, the seconds of one turn, the median of five. */
  private static void serve(Ring both, Contestant contestant)
      throws IOException, InterruptedException {
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    ByteBuffer more = ByteBuffer.allocate(1);
    while (true) {
      more.put(0, (byte) (both.rank() == 0 && orders.readLine() == null ? 0 : 1));
      both.broadcast(more.clear(), 0);
      if (more.get(0) == 0) {
        return;
      }
      double[] five = new double[5];
      for (int i = 0; i < five.length; i++) {
        five[i] = seconds(both, contestant.turn);
      }
      if (both.rank() == 0) {
        System.out.println(Median.of(five));
      }
    }
  }
}
