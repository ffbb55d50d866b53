package io.gradsieve.bench;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.backend.StepInput;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.augment.Augment;
import io.gradsieve.nn.Models;
import io.gradsieve.nn.Network;
import io.gradsieve.plan.UpdateRule;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A whole training step of a built-in model on 28×28 grey images of random bytes: forward,
 * backward, update. Milliseconds a step; {@code threads} as given by {@code -p threads=N}. {@code
 * -p backend=cpu,cuda} measures the machine's first GPU too; a fork without one ends with a line
 * that says why.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(2)
public class StepBenchmark {
  private static final int PIXELS = 28 * 28;
  private static final int CLASSES = 10;
  private static final int STRETCH = 23;

  @Param("cpu")
  public String backend = "";

  @Param({"mlp", "cnn", "resnet20"})
  public String model = "";

  @Param({"128", "512", "2048"})
  public int batch;

  @Param({"on", "off"})
  public String norms = "";

  @Param("2")
  public int threads;

  /** Share of pixels that are 0, in stretches as in images; linear layers skip zeros. */
  @Param("0")
  public double blank;

  private Backend device;
  private Network network;
  private CompiledStep step;
  private StepInput input;
  private long steps;

  @Setup
  public void setUp() {
    device = open();
    network = Network.create(Models.of(model, 1, 28, 28, CLASSES), device::parameters, 1);
    step =
        device.compile(
            device.plan(network.graph(0, true), batch, true, norms.equals("on")),
            network.weights(),
            Optional.of(new UpdateRule.Sgd(0.9, false, 5e-4)));
    RandomBits random = RandomBits.of(1, "benchmark", 0);
    SampleStore samples = new SampleStore("benchmark", batch, PIXELS);
    input = step.newInput(samples, SampleShape.features(PIXELS));
    for (int i = 0; i < batch * PIXELS; i++) {
      byte pixel = i % STRETCH < blank * STRETCH ? 0 : (byte) random.below(i, 256);
      samples.setByte(i / PIXELS, i % PIXELS, pixel);
    }
    for (int i = 0; i < batch; i++) {
      input.sample(i, i, Augment.NONE, 0);
      input.labels().put(i, random.below(i, CLASSES));
      input.ids().put(i, i);
      input.planWeights().put(i, 1);
      input.sampleWeights().put(i, 1);
    }
  }

  /** JMH shows an exception with all of its trace, and an exit with its last line. */
  private Backend open() {
    try {
      return Backends.open(DeviceName.parse(backend), threads);
    } catch (GradsieveException | IllegalArgumentException e) {
      System.err.println("backend=" + backend + ": " + e.getMessage());
      System.exit(1);
      throw e;
    }
  }

  @TearDown
  public void tearDown() {
    input.close();
    step.close();
    network.close();
    device.close();
  }

  /** One step at a rate so small that the weights stay what they are. */
  @Benchmark
  public double step() {
    step.begin(input, batch, CompiledStep.Mode.TRAINING, 1, 1, -1);
    step.forward();
    step.backward();
    step.update(1e-6, batch, 0, ++steps);
    return step.await();
  }
}
