package io.gradsieve.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.RandomBits;
import io.gradsieve.data.augment.Augment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class BatchLoaderTest {
  private final Dataset digits = DataSource.open(DataRequest.train("digits"));
  private final double[] ones = filled(digits.size());

  static double[] filled(int n) {
    double[] values = new double[n];
    Arrays.fill(values, 1);
    return values;
  }

  /** The samples of each slot as they were when it was told which they are, [B][64]. */
  private final Map<Slot, ByteBuffer> copies = new IdentityHashMap<>();

  /** What a device makes of a sample. */
  private void gather(int row, int sample, Augment augment, long draw, ByteBuffer copy) {
    digits.copy(sample, copy, row * 64);
    if (augment != Augment.NONE) {
      copy.get(row * 64, source);
      augment.apply(draw, source, 8, 8, 1, changed);
      copy.put(row * 64, changed);
    }
  }

  private final byte[] source = new byte[64];
  private final byte[] changed = new byte[64];

  private List<Slot> slots(int count, int capacity) {
    List<Slot> slots = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ByteBuffer copy = direct(capacity * 64);
      Slot slot =
          new Slot(
              (row, sample, augment, draw) -> gather(row, sample, augment, draw, copy),
              direct(4 * capacity).asIntBuffer(),
              direct(8 * capacity).asLongBuffer(),
              direct(4 * capacity).asFloatBuffer(),
              direct(4 * capacity).asFloatBuffer());
      copies.put(slot, copy);
      slots.add(slot);
    }
    return slots;
  }

  private static ByteBuffer direct(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Sizes that add up to n. */
  static int[] sizes(int n, int most) {
    int[] sizes = new int[(n + most - 1) / most];
    Arrays.fill(sizes, most);
    sizes[sizes.length - 1] = n - most * (sizes.length - 1);
    return sizes;
  }

  @Test
  void batchesComeInPlanOrderWithTheirLabelsWeightsAndIds() {
    int[] order = RandomBits.of(5, "shuffle", 1).permutation(digits.size());
    float[] weights = new float[order.length];
    double[] user = new double[order.length];
    for (int i = 0; i < order.length; i++) {
      weights[i] = 1 + i % 7;
      user[i] = 0.5 + i % 3;
    }
    try (BatchLoader loader = new BatchLoader(digits, Augment.NONE, user, slots(3, 64))) {
      for (int epoch = 1; epoch <= 3; epoch++) {
        loader.start(order, weights, sizes(order.length, 64), 1, epoch);
        int at = 0;
        while (loader.hasNext()) {
          Batch batch = loader.next();
          for (int i = 0; i < batch.size(); i++, at++) {
            int sample = order[at];
            byte[] expected = new byte[64];
            digits.copy(sample, ByteBuffer.wrap(expected), 0);
            byte[] found = new byte[64];
            copies.get(batch.slot()).get(i * 64, found);
            assertThat(found).isEqualTo(expected);
            assertThat(batch.samples()[i]).isEqualTo(sample);
            assertThat(batch.slot().labels().get(i)).isEqualTo(digits.label(sample));
            assertThat(batch.slot().ids().get(i)).isEqualTo(digits.index(sample));
            assertThat(batch.slot().planWeights().get(i)).isEqualTo(weights[at]);
            assertThat(batch.slot().sampleWeights().get(i)).isEqualTo((float) user[sample]);
          }
          loader.release(batch);
        }
        assertThat(at).isEqualTo(order.length);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NONE", "CROP_FLIP"})
  void oneSlotSufficesAndABatchOnLoanIsNotOverwritten(Augment augment) {
    try (BatchLoader loader = new BatchLoader(digits, augment, ones, slots(1, 10))) {
      int[] order = {3, 4, 5, 6};
      loader.start(order, new float[4], new int[] {2, 2}, 1, 1);
      Batch first = loader.next();
      assertThat(first.samples()[0]).isEqualTo(3);
      assertThatThrownBy(loader::next)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("release");
      loader.release(first);
      assertThat(loader.next().samples()[1]).isEqualTo(6);
      assertThat(loader.hasNext()).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NONE", "CROP_FLIP"})
  void anEpochCanBeLeftInTheMiddleAndAnotherStarted(Augment augment) {
    int[] all = digits.train();
    try (BatchLoader loader = new BatchLoader(digits, augment, ones, slots(2, 32))) {
      for (int epoch = 1; epoch < 200; epoch++) {
        loader.start(all, new float[all.length], sizes(all.length, 32), 1, epoch);
        for (int i = 0; i < epoch % 5; i++) {
          Batch batch = loader.next();
          assertThat(batch.samples()[0]).isEqualTo(all[32 * i]);
          loader.release(batch);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NONE", "CROP_FLIP"})
  void anErrorInFillingIsThrownByNextAndTheLoaderGoesOnAfterwards(Augment augment) {
    try (BatchLoader loader = new BatchLoader(digits, augment, ones, slots(2, 8))) {
      loader.start(new int[] {0, 1, 99_999, 2}, new float[4], new int[] {2, 2}, 1, 1);
      loader.release(loader.next());
      assertThatThrownBy(loader::next).isInstanceOf(IndexOutOfBoundsException.class);
      loader.start(new int[] {7}, new float[1], new int[] {1}, 1, 2);
      assertThat(loader.next().samples()[0]).isEqualTo(7);
    }
  }

  @Test
  void closingEndsTheThreadWhateverItWaitsFor() {
    for (int i = 0; i < 20; i++) {
      BatchLoader loader = new BatchLoader(digits, Augment.FLIP, ones, slots(2, 8));
      if (i % 2 == 0) {
        loader.start(digits.train(), new float[1438], sizes(1438, 8), 1, 1);
      }
      loader.close();
    }
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(t -> t.getName().equals("gradsieve-batches") && t.isAlive());
  }

  @Test
  void batchesThatDoNotFitAreRefused() {
    try (BatchLoader loader = new BatchLoader(digits, Augment.NONE, ones, slots(2, 8))) {
      assertThatThrownBy(() -> loader.start(new int[9], new float[9], new int[] {9}, 1, 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> loader.start(new int[9], new float[9], new int[] {8}, 1, 1))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void augmentedSamplesAreThoseOfTheirOwnDrawInEveryBatch() {
    int[] order = RandomBits.of(5, "shuffle", 1).permutation(digits.size());
    byte[] source = new byte[64];
    byte[] expected = new byte[64];
    byte[] found = new byte[64];
    try (BatchLoader loader = new BatchLoader(digits, Augment.CROP_FLIP, ones, slots(3, 50))) {
      for (int epoch = 1; epoch <= 3; epoch++) {
        RandomBits draws = Augment.draws(9, epoch);
        loader.start(order, new float[order.length], sizes(order.length, 50), 9, epoch);
        while (loader.hasNext()) {
          Batch batch = loader.next();
          for (int i = 0; i < batch.size(); i++) {
            int sample = batch.samples()[i];
            digits.copy(sample, ByteBuffer.wrap(source), 0);
            Augment.CROP_FLIP.apply(draws.bits(digits.index(sample)), source, 8, 8, 1, expected);
            copies.get(batch.slot()).get(i * 64, found);
            assertThat(found).isEqualTo(expected);
          }
          loader.release(batch);
        }
      }
    }
  }

  @Test
  void augmentationOfNumbersIsWrongUsage() {
    SampleStore store = new SampleStore("t", 2, 8);
    Dataset numbers =
        new DatasetBuilder("t", SampleShape.features(2), false, store)
            .labels(new int[] {0, 1})
            .build("t", DataRequest.train("t"));
    assertThatThrownBy(() -> new BatchLoader(numbers, Augment.FLIP, filled(2), slots(2, 2)))
        .isInstanceOf(Usage.class);
  }

  @Test
  void nothingIsAllocatedPerBatchAfterTheFirstEpochs() {
    int[] all = digits.train();
    float[] weights = new float[all.length];
    int[] sizes = sizes(all.length, 4);
    var threads =
        (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
    try (BatchLoader loader = new BatchLoader(digits, Augment.CROP_FLIP, ones, slots(3, 4))) {
      long worker =
          Thread.getAllStackTraces().keySet().stream()
              .filter(t -> t.getName().equals("gradsieve-batches") && t.isAlive())
              .findFirst()
              .orElseThrow()
              .getId();
      for (int epoch = 0; epoch < 5; epoch++) {
        epoch(loader, all, weights, sizes, epoch);
      }
      long here = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
      long there = threads.getThreadAllocatedBytes(worker);
      for (int epoch = 5; epoch < 15; epoch++) {
        epoch(loader, all, weights, sizes, epoch);
      }
      // an epoch may allocate a little (its random key); 360 batches an epoch must not
      long perEpoch =
          (threads.getThreadAllocatedBytes(worker)
                  - there
                  + threads.getThreadAllocatedBytes(Thread.currentThread().getId())
                  - here)
              / 10;
      assertThat(perEpoch).isLessThan(sizes.length * 16L);
    }
  }

  private static void epoch(
      BatchLoader loader, int[] all, float[] weights, int[] sizes, int epoch) {
    loader.start(all, weights, sizes, 1, epoch);
    while (loader.hasNext()) {
      loader.release(loader.next());
    }
  }
}
