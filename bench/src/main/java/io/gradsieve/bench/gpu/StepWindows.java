package io.gradsieve.bench.gpu;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.backend.MemoryLedger;
import io.gradsieve.config.ModelRules;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.nn.Models;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.train.PreparedTraining;
import io.gradsieve.train.StepValues;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.Trainer;
import io.gradsieve.train.TrainingData;
import io.gradsieve.train.TrainingEvent.RunStarted;
import io.gradsieve.train.TrainingListener;
import io.gradsieve.train.TrainingSession;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Training as {@code train} does it, on random images in the sizes of Fashion-MNIST ({@code mlp},
 * {@code cnn}) or CIFAR-10 (others), in windows of steps. {@code StepWindows SAMPLES KEY=VALUE…}
 * takes the options of {@code train}.
 *
 * <p>Says {@code ready}. Each line of standard input, {@code <steps> <seconds>}, asks for a window
 * of at least so many of both. The answer is one line of JSON. Its {@code samples} and {@code
 * seconds} are those of steps from the end of one to the end of the next, within an epoch; {@code
 * all_samples} and {@code all_seconds} have what lies between epochs too: planning, and the first
 * step of each. Device memory: bytes and number of allocations so far. Between windows the process
 * waits. The end of the input ends it.
 */
public final class StepWindows implements TrainingListener {
  /** One, and some more, since not all take the same time. */
  private static final double STEPS_AWAITED = 1.5;

  private static final int CLASSES = 10;
  private static final double NANOS = 1e-9;

  private final BufferedReader in =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
  private final StopRequest stop;
  private final MemoryLedger ledger;
  private int leastSteps;
  private double leastSeconds;
  private int steps;
  private int allSteps;
  private long samples;
  private long allSamples;
  private double seconds;
  private long start;
  private long last;

  /** A step was queued before the pause between two windows; it counts in none. */
  private boolean ranOn = true;

  private StepWindows(StopRequest stop, MemoryLedger ledger) {
    this.stop = stop;
    this.ledger = ledger;
  }

  @Override
  public void runStarted(RunStarted event) {
    System.out.println("ready");
    begin();
  }

  @Override
  public void stepFinished(StepValues step) {
    long now = System.nanoTime();
    if (ranOn) {
      ranOn = false;
      start = now;
    } else {
      int batch = step.samples();
      allSteps++;
      allSamples += batch;
      if (step.step() > 1) {
        steps++;
        samples += batch;
        seconds += (now - last) * NANOS;
      }
    }
    last = now;
    double all = (now - start) * NANOS;
    if (steps >= leastSteps && all >= leastSeconds) {
      awaitQueued(all / allSteps);
      answer(step.meanLoss(), all);
      begin();
    }
  }

  /** The step that the trainer has queued behind this one must not run into another's window. */
  private static void awaitQueued(double secondsOfStep) {
    try {
      TimeUnit.NANOSECONDS.sleep((long) (STEPS_AWAITED * secondsOfStep / NANOS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void answer(double meanLoss, double all) {
    long bytes = ledger.open().values().stream().mapToLong(Long::longValue).sum();
    System.out.printf(
        Locale.ROOT,
        "{\"steps\":%d,\"samples\":%d,\"seconds\":%.9f,\"all_steps\":%d,\"all_samples\":%d,\"all_seconds\":%.9f,"
            + "\"loss\":%s,\"bytes\":%d,\"allocations\":%d}%n",
        steps,
        samples,
        seconds,
        allSteps,
        allSamples,
        all,
        meanLoss,
        bytes,
        ledger.allocations());
  }

  /** Waits for what the next window shall be, or ends the run. */
  private void begin() {
    try {
      String line = in.readLine();
      if (line == null) {
        stop.stop(2);
        leastSteps = Integer.MAX_VALUE;
        return;
      }
      List<String> words = List.of(line.split(" ", 2));
      leastSteps = Integer.parseInt(words.get(0));
      leastSeconds = Double.parseDouble(words.get(1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ranOn = true;
    steps = 0;
    allSteps = 0;
    samples = 0;
    allSamples = 0;
    seconds = 0;
  }

  /** Random bytes and labels. */
  private static Dataset images(SampleShape shape, int count) {
    SampleStore store = new SampleStore("random images", count, shape.elements());
    RandomBits random = RandomBits.of(1, "benchmark", 0);
    byte[] sample = new byte[shape.elements()];
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      for (int j = 0; j < sample.length; j++) {
        sample[j] = (byte) random.below((long) i * sample.length + j, 256);
      }
      store.set(i, sample);
      labels[i] = i % CLASSES;
    }
    return new DatasetBuilder("random", shape, true, store)
        .labels(labels)
        .build("random images", DataRequest.train("random"));
  }

  public static void main(String[] arguments) {
    List<String> settings = new ArrayList<>(List.of(arguments).subList(1, arguments.length));
    Collections.addAll(
        settings,
        "sieve=none",
        "validation=0",
        "lr=0.001",
        "schedule=constant",
        "warmup=0",
        "epochs=65535",
        "eval-every=1000000");
    try {
      TrainingConfig config = TrainingConfig.of(settings.toArray(String[]::new));
      boolean grey = List.of("mlp", "cnn").contains(config.model());
      SampleShape shape = grey ? new SampleShape(1, 28, 28) : new SampleShape(3, 32, 32);
      Dataset images = images(shape, Integer.parseInt(arguments[0]));
      NetworkSpec spec =
          ModelRules.with(
              Models.of(config.model(), shape.channels(), shape.height(), shape.width(), CLASSES),
              images.schema());
      TrainingData data = TrainingData.of(images, config);
      StopRequest stop = new StopRequest();
      PreparedTraining prepared = new PreparedTraining(config, data, spec, Optional.empty(), true);
      try (TrainingSession session = TrainingSession.open(prepared, stop)) {
        new Trainer(session, List.of(new StepWindows(stop, session.backend().ledger()))).run();
      }
    } catch (GradsieveException e) {
      System.err.println("error: " + e.getMessage());
      System.exit(1);
    }
  }
}
