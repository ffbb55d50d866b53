package io.gradsieve.backend.cuda;

import io.gradsieve.backend.CompiledStep.Choice;
import io.gradsieve.backend.CompiledStep.Place;
import io.gradsieve.natives.CudaKernels;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a step is to be, as the calls since its begin say. */
final class CudaRequest {
  private @Nullable CudaInput input;
  private int batch;
  private boolean training;
  private int record;
  private int count;
  private boolean byClass;
  private @Nullable Place place;
  private boolean updates;
  private boolean goesForward;
  private @Nullable CudaStepShape shape;

  /** A forward pass over the first samples of an input, and nothing more yet. */
  void begin(CudaInput of, int samples, boolean asInTraining) {
    input = of;
    batch = samples;
    training = asInTraining;
    record = -1;
    count = samples;
    byClass = false;
    place = null;
    updates = false;
    goesForward = false;
    shape = null;
  }

  CudaInput input() {
    if (input == null) {
      throw new IllegalStateException("begin comes first");
    }
    return input;
  }

  void forward() {
    goesForward = true;
  }

  /** Whether nothing is to be added any more: it is scored alone. */
  boolean scores() {
    return goesForward && place == null && !training;
  }

  /** Samples of the forward pass. */
  int batch() {
    return batch;
  }

  /**
   * As {@link io.gradsieve.backend.CompiledStep#choose}.
   *
   * @throws IllegalArgumentException if the batch has not so many samples, or not of each class
   */
  void choose(Choice by, int samples, int[] ofClass, int classes) {
    if (samples < 0 || samples > batch) {
      throw new IllegalArgumentException("choose: %d of %d samples".formatted(samples, batch));
    }
    byClass = ofClass.length > 0;
    if (byClass && (ofClass.length != classes || !hasClasses(samples, ofClass.clone()))) {
      throw new IllegalArgumentException("choose: the labels do not have so many of each class");
    }
    count = samples;
    record =
        switch (by) {
          case LOSS -> CudaKernels.GS_CUDA_RECORD_LOSS;
          case EL2N -> CudaKernels.GS_CUDA_RECORD_EL2N;
          case MARGIN -> CudaKernels.GS_CUDA_RECORD_MARGIN;
        };
  }

  /** Whether so many of each class are among the labels, and so many samples in all. */
  private boolean hasClasses(int samples, int[] left) {
    int missing = 0;
    for (int wanted : left) {
      missing += wanted;
    }
    boolean exact = missing == samples;
    for (int i = 0; i < batch; i++) {
      int label = input().labels().get(i);
      if (label >= 0 && label < left.length && left[label] > 0) {
        left[label]--;
        missing--;
      }
    }
    return exact && missing == 0;
  }

  void backward(Place of) {
    place = of;
  }

  void update() {
    updates = true;
  }

  /** Nothing is added any more; its samples lie where those of this set do. */
  void submit(int set) {
    CudaSamples.Source source = input().samples().source(set);
    shape = new CudaStepShape(batch, training, source, record, count, byClass, place, updates);
  }

  /** Of what was submitted. */
  CudaStepShape shape() {
    return Objects.requireNonNull(shape, "submit comes first");
  }
}
