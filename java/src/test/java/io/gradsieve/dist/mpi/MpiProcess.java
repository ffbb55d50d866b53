package io.gradsieve.dist.mpi;

import io.gradsieve.RandomBits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;

/** A worker that {@code mpirun} starts: {@code sums SEED}, {@code abort} or {@code patience}. */
final class MpiProcess {
  private static final int[] SIZES = {0, 1, 2, 5, 65_537, 300_001, 1, 70_000, 262_144, 90_000};

  private MpiProcess() {}

  public static void main(String[] arguments) throws Exception {
    boolean hasty = arguments[0].equals("patience");
    MpiCollective all = MpiCollective.open(hasty ? Duration.ofSeconds(1) : Duration.ofMinutes(1));
    if (arguments[0].equals("sums")) {
      System.out.println(sums(all, Long.parseLong(arguments[1])));
      all.close();
      return;
    }
    all.barrier();
    require(seesNull(List.of()), "MPI has taken the JVM's signals");
    if (all.rank() == 0) {
      System.out.println(waits(all, hasty));
      all.close();
      Runtime.getRuntime().halt(6);
    }
    // until the launcher ends it
    System.in.read();
    new CountDownLatch(1).await(60, TimeUnit.SECONDS);
  }

  private static String waits(MpiCollective all, boolean hasty) throws InterruptedException {
    if (!hasty) {
      new Thread(all::abort).start();
    }
    try {
      all.allReduce(List.of(floats(new float[100])));
      return "went through";
    } catch (IOException e) {
      return e.getMessage();
    }
  }

  private static String sums(MpiCollective all, long seed)
      throws IOException, InterruptedException {
    CRC32C bits = new CRC32C();
    for (int round = 0; round < 3; round++) {
      List<float[][]> values = new ArrayList<>();
      List<ByteBuffer> own = new ArrayList<>();
      for (int size : SIZES) {
        float[][] each = new float[all.world()][size];
        for (int rank = 0; rank < all.world(); rank++) {
          RandomBits random = RandomBits.of(seed, "mpi", 100L * round + rank).at(size);
          for (int i = 0; i < size; i++) {
            each[rank][i] = (float) (2 * random.uniform(i) - 1);
          }
        }
        values.add(each);
        own.add(floats(each[all.rank()]));
      }
      all.allReduce(own);
      for (int b = 0; b < own.size(); b++) {
        bits.update(own.get(b).duplicate());
        check(own.get(b), values.get(b));
      }
    }
    double[] doubles = {1e-12, all.rank(), 1 + 1e-12 * all.rank()};
    all.allReduce(DoubleBuffer.wrap(doubles));
    int last = all.world() - 1;
    require(doubles[1] == last * all.world() / 2.0, "double " + doubles[1]);
    String name = "rank" + "!".repeat(all.rank());
    StringBuilder names = new StringBuilder();
    for (ByteBuffer each : all.allGather(ByteBuffer.wrap(name.getBytes(StandardCharsets.UTF_8)))) {
      names.append(StandardCharsets.UTF_8.decode(each));
    }
    byte[] said = new byte[1_500_001];
    said[said.length - 1] = (byte) (all.rank() + 5);
    all.broadcast(ByteBuffer.wrap(said), last);
    require(said[said.length - 1] == last + 5, "broadcast " + said[said.length - 1]);
    all.barrier();
    return "sums %08x %s of %d".formatted(bits.getValue(), names, all.world());
  }

  private static void check(ByteBuffer sums, float[][] values) {
    for (int i = 0; i < values[0].length; i++) {
      double exact = 0;
      for (float[] each : values) {
        exact += each[i];
      }
      // at most world - 1 roundings of numbers below world
      double tolerance = values.length * values.length * 0x1p-24;
      float sum = sums.getFloat(i * Float.BYTES);
      require(Math.abs(sum - exact) <= tolerance, "sum " + sum + " of " + exact);
    }
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  /** The JVM learns of a null by a signal. */
  private static boolean seesNull(List<String> none) {
    String text = none.isEmpty() ? System.getProperty("is not there") : "";
    try {
      return text.equals("never");
    } catch (NullPointerException e) {
      return true;
    }
  }

  private static ByteBuffer floats(float[] values) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes;
  }
}
