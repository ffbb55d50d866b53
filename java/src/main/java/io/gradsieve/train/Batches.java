package io.gradsieve.train;

import io.gradsieve.GradsieveException;
import io.gradsieve.Internal;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.Resources;
import io.gradsieve.backend.StepInput;
import io.gradsieve.backend.StepRecords;
import io.gradsieve.data.Batch;
import io.gradsieve.data.BatchLoader;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.Slot;
import io.gradsieve.data.augment.Augment;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Samples on their way into a compiled step: a few inputs of its own, filled while others are in
 * use.
 */
@Internal
public final class Batches implements AutoCloseable {
  /** One in use, one queued behind it, one being filled. */
  private static final int SLOTS = 3;

  private final Dataset data;
  private final CompiledStep step;
  private final Resources resources = new Resources();
  private final List<StepInput> inputs = new ArrayList<>();
  private final List<Slot> slots = new ArrayList<>();
  private final BatchLoader training;
  private final BatchLoader plain;
  private final int capacity;

  /** {@code capacity} is the step's largest batch. */
  public Batches(
      Dataset data, Augment augment, double[] userWeights, CompiledStep step, int capacity) {
    this.data = data;
    this.step = step;
    this.capacity = capacity;
    try {
      for (int i = 0; i < SLOTS; i++) {
        StepInput input = step.newInput(data.store(), data.shape());
        resources.add(input::close);
        inputs.add(input);
        slots.add(
            new Slot(
                input::sample,
                input.labels(),
                input.ids(),
                input.planWeights(),
                input.sampleWeights()));
      }
      double[] ones = new double[data.size()];
      Arrays.fill(ones, 1);
      training = new BatchLoader(data, augment, userWeights, slots);
      resources.add(training::close);
      plain = new BatchLoader(data, Augment.NONE, ones, slots);
      resources.add(plain::close);
    } catch (RuntimeException e) {
      throw resources.abandon(e);
    }
  }

  /** The step's input that a batch was loaded into. */
  public StepInput input(Batch batch) {
    for (int i = 0; i < SLOTS; i++) {
      if (slots.get(i) == batch.slot()) {
        return inputs.get(i);
      }
    }
    throw new IllegalArgumentException("a batch of another loader");
  }

  /** Loads with augmentation and user weights. One loader at a time: they share the inputs. */
  public BatchLoader training() {
    return training;
  }

  /**
   * Starts to load samples as they are, in order, with weights of 1.
   *
   * @param largest takes as many batches as so many samples would, the last without any if need be
   */
  public BatchLoader plain(int[] samples, int largest) {
    float[] ones = new float[samples.length];
    Arrays.fill(ones, 1);
    int[] sizes = new int[(largest + capacity - 1) / capacity];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = Math.max(0, Math.min(capacity, samples.length - i * capacity));
    }
    plain.start(samples, ones, sizes, 0, 0);
    return plain;
  }

  /** As {@link #await(Batch, int)}, where all samples went on. */
  public double await(Batch batch) {
    return await(batch, batch.size());
  }

  /**
   * Waits for the step of a batch.
   *
   * @param backward how many samples the step went backward with
   * @return as {@link CompiledStep#await}
   * @throws GradsieveException.Diverged as there, with the name of the first sample whose loss or
   *     gradient norm is not finite, if there is one
   */
  public double await(Batch batch, int backward) {
    try {
      return step.await();
    } catch (GradsieveException.Diverged e) {
      StepRecords records = step.records();
      boolean losses = notFinite(records.loss(), batch.size()) > 0;
      int samples = losses ? batch.size() : backward;
      FloatBuffer values = losses ? records.loss() : records.squaredNorm();
      int found = notFinite(values, samples);
      if (found == 0) {
        throw e;
      }
      int first = 0;
      while (Float.isFinite(values.get(first))) {
        first++;
      }
      boolean moved = !losses && backward < batch.size();
      int sample = batch.samples()[moved ? records.backwardRows().get(first) : first];
      String what = losses ? "loss" : "gradient norm";
      throw new GradsieveException.Diverged(
          found == 1
              ? "the %s of the %s is not finite".formatted(what, name(sample))
              : "the %s of %d of %d samples is not finite (the first: %s)"
                  .formatted(what, found, samples, name(sample)),
          e);
    }
  }

  private static int notFinite(FloatBuffer values, int count) {
    int found = 0;
    for (int i = 0; i < count; i++) {
      found += Float.isFinite(values.get(i)) ? 0 : 1;
    }
    return found;
  }

  /** For instance "training sample with index 4 (leaf-7) of leaves". */
  private String name(int sample) {
    String index = Long.toString(data.index(sample));
    String id = data.id(sample);
    return "%s sample with index %s%s of %s"
        .formatted(
            Arrays.binarySearch(data.test(), sample) >= 0 ? "test" : "training",
            index,
            id.equals(index) ? "" : " (" + id + ")",
            data.name());
  }

  /** Drops what is left of a part, so that the other loader may use the inputs. */
  public static void stop(BatchLoader loader) {
    loader.start(new int[0], new float[0], new int[0], 0, 0);
  }

  @Override
  public void close() {
    resources.close();
  }
}
