package io.gradsieve.train;

import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.StepInput;
import io.gradsieve.data.Batch;
import io.gradsieve.data.BatchLoader;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.Slot;
import io.gradsieve.data.augment.Augment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Samples on their way into a compiled step: a few inputs of its own, filled while others are in
 * use.
 */
public final class Batches implements AutoCloseable {
  /** One in use, one queued behind it, one being filled. */
  private static final int SLOTS = 3;

  private final Resources resources = new Resources();
  private final List<StepInput> inputs = new ArrayList<>();
  private final List<Slot> slots = new ArrayList<>();
  private final BatchLoader training;
  private final BatchLoader plain;
  private final int capacity;

  /** {@code capacity} is the step's largest batch. */
  public Batches(
      Dataset data, Augment augment, double[] userWeights, CompiledStep step, int capacity) {
    this.capacity = capacity;
    try {
      for (int i = 0; i < SLOTS; i++) {
        StepInput input = step.newInput();
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

  /** Starts to load samples as they are, in order, with weights of 1. */
  public BatchLoader plain(int[] samples) {
    float[] ones = new float[samples.length];
    Arrays.fill(ones, 1);
    int[] sizes = new int[(samples.length + capacity - 1) / capacity];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = Math.min(capacity, samples.length - i * capacity);
    }
    plain.start(samples, ones, sizes, 0, 0);
    return plain;
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
