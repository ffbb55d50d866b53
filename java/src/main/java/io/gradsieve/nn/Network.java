package io.gradsieve.nn;

import io.gradsieve.GradsieveException.Output;
import io.gradsieve.RandomBits;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.DeviceBuffer;
import io.gradsieve.nn.layer.BatchNorm;
import io.gradsieve.nn.layer.Layer;
import io.gradsieve.nn.layer.Residual;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.StepPlan;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A network with weights on a backend. Owns the weights; not safe for use by several threads. */
public final class Network implements AutoCloseable {
  /** Purpose of the weights in the memory ledger. */
  private static final String PURPOSE = "weights";

  private final NetworkSpec spec;
  private final NetworkSpec.Description description;
  private final DeviceBuffer weights;
  private final Parameters parameters;

  private Network(NetworkSpec spec, NetworkSpec.Description description, DeviceBuffer weights) {
    this.spec = spec;
    this.description = description;
    this.weights = weights;
    this.parameters = new Parameters(description.layout(), weights);
  }

  /**
   * A network with PyTorch's initialisation: weights and biases uniform in ±1/√fan_in
   * (kaiming_uniform with a = √5), norms one and zero. The same seed gives the same weights on
   * every backend.
   */
  public static Network create(NetworkSpec spec, Backend backend, long seed) {
    NetworkSpec.Description description = spec.describe();
    DeviceBuffer weights = backend.allocate(description.layout().floats() * Float.BYTES, PURPOSE);
    Network network = new Network(spec, description, weights);
    RandomBits bits = RandomBits.of(seed, "initialise", 0);
    List<Parameter> all = description.layout().parameters();
    for (int i = 0; i < all.size(); i++) {
      network.parameters.write(all.get(i), initial(all.get(i), bits.at(i)));
    }
    return network;
  }

  private static float[] initial(Parameter parameter, RandomBits bits) {
    float[] elements = new float[Math.toIntExact(parameter.elements())];
    if (parameter.bound() == 0) {
      Arrays.fill(elements, parameter.initial());
      return elements;
    }
    for (int i = 0; i < elements.length; i++) {
      elements[i] = (float) (parameter.bound() * (2 * bits.uniform(i) - 1));
    }
    return elements;
  }

  public NetworkSpec spec() {
    return spec;
  }

  /** The parameters as PyTorch sees them. */
  public Parameters parameters() {
    return parameters;
  }

  /** Trainable parameters, then running statistics, as a step uses them. */
  public DeviceBuffer weights() {
    return weights;
  }

  /** Whether a layer has running statistics, so that training and evaluation differ in them. */
  public boolean hasBatchNorm() {
    return hasBatchNorm(spec.layers());
  }

  private static boolean hasBatchNorm(List<Layer> layers) {
    return layers.stream()
        .anyMatch(
            layer ->
                layer instanceof BatchNorm
                    || (layer instanceof Residual r
                        && (hasBatchNorm(r.body()) || hasBatchNorm(r.shortcut()))));
  }

  /**
   * Lowers the network to a plan for batches of up to {@code capacity} samples.
   *
   * @param backward whether the plan has a backward pass; without one nothing is kept for it
   * @param norms whether backward measures every sample's gradient norm
   * @param labelSmoothing ε of the loss, 0 ≤ ε < 1
   * @param bytes whether inputs are bytes, to be scaled and standardised, instead of floats
   */
  public StepPlan plan(
      int capacity, boolean backward, boolean norms, double labelSmoothing, boolean bytes) {
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity must be positive, is " + capacity);
    }
    return new PlanBuilder(lower(spec, description, labelSmoothing, bytes), backward)
        .build(capacity, norms, description.layout());
  }

  /** The operations of a network from its input to its loss. */
  static Lowering lower(
      NetworkSpec spec, NetworkSpec.Description description, double labelSmoothing, boolean bytes) {
    Lowering lowering = new Lowering(description.layout());
    int value = lowering.value(description.input());
    lowering.add("input", input(spec, value, bytes));
    for (int i = 0; i < spec.layers().size(); i++) {
      value = spec.layers().get(i).lower(lowering, value, Integer.toString(i));
    }
    lowering.add(
        "loss",
        new Operation.SoftmaxCrossEntropy(value, (float) labelSmoothing, Operation.Gradient.NONE));
    return lowering;
  }

  private static Operation input(NetworkSpec spec, int value, boolean bytes) {
    if (!bytes) {
      return new Operation.Input(value, false, new float[0], new float[0]);
    }
    if (spec.normalize().isPresent()) {
      return new Operation.Input(
          value, true, spec.normalize().get().scale(), spec.normalize().get().shift());
    }
    float[] scale = new float[spec.input().get(0)];
    Arrays.fill(scale, 1 / 255f);
    return new Operation.Input(value, true, scale, new float[scale.length]);
  }

  /**
   * Reads weights as PyTorch's strict load does; throws {@code BadData} naming what is missing,
   * unexpected or of other shape.
   */
  public void load(Path safetensors) {
    StateFile.load(safetensors, parameters);
  }

  /**
   * Writes the weights; the same weights give the same bytes. The caller writes beside and renames.
   *
   * @throws Output if the file can't be written
   */
  public void save(Path safetensors) {
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(safetensors))) {
      save(out);
    } catch (IOException e) {
      throw new Output(safetensors + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** Writes the weights to a stream, which stays open. */
  public void save(OutputStream out) throws IOException {
    save(out, StateFile.PYTORCH);
  }

  /** The same with these texts as the file's metadata, which {@link #load} does not look at. */
  public void save(OutputStream out, Map<String, String> metadata) throws IOException {
    StateFile.save(out, parameters, metadata);
  }

  @Override
  public void close() {
    weights.close();
  }
}
