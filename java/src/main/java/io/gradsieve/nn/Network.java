package io.gradsieve.nn;

import io.gradsieve.GradsieveException.Output;
import io.gradsieve.RandomBits;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.nn.layer.BatchNorm;
import io.gradsieve.nn.layer.Layer;
import io.gradsieve.nn.layer.Lowering;
import io.gradsieve.nn.layer.ParameterList;
import io.gradsieve.nn.layer.Residual;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A network with weights on a device. Owns the weights; not safe for use by several threads. */
public final class Network implements AutoCloseable {
  private final NetworkSpec spec;
  private final NetworkSpec.Description description;
  private final ParameterValues weights;
  private final Parameters parameters;

  private Network(NetworkSpec spec, NetworkSpec.Description description, ParameterValues weights) {
    this.spec = spec;
    this.description = description;
    this.weights = weights;
    this.parameters = new Parameters(description.parameters(), weights);
  }

  /**
   * A network with PyTorch's initialisation: weights and biases uniform in ±1/√fan_in
   * (kaiming_uniform with a = √5), norms one and zero. The same seed gives the same weights on
   * every device.
   *
   * @param device takes memory for the parameters of a graph
   */
  public static Network create(
      NetworkSpec spec, Function<Graph, ParameterValues> device, long seed) {
    NetworkSpec.Description description = spec.describe();
    Network network =
        new Network(spec, description, device.apply(graph(spec, description, 0, false)));
    RandomBits bits = RandomBits.of(seed, "initialise", 0);
    ParameterList all = description.parameters();
    try {
      for (int i = 0; i < all.parameters().size(); i++) {
        network.parameters.write(
            i, initial(all.parameters().get(i), all.initial().get(i), bits.at(i)));
      }
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
    return network;
  }

  private static float[] initial(
      Parameter parameter, ParameterList.Initial initial, RandomBits bits) {
    float[] elements = new float[Math.toIntExact(parameter.elements())];
    if (initial.bound() == 0) {
      Arrays.fill(elements, initial.value());
      return elements;
    }
    for (int i = 0; i < elements.length; i++) {
      elements[i] = (float) (initial.bound() * (2 * bits.uniform(i) - 1));
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

  /** The same on the device, as a step uses them. */
  public ParameterValues weights() {
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
   * The network from its input to its loss.
   *
   * @param labelSmoothing ε of the loss, 0 ≤ ε < 1
   * @param bytes whether inputs are bytes, to be scaled and standardised, instead of floats
   */
  public Graph graph(double labelSmoothing, boolean bytes) {
    return graph(spec, description, labelSmoothing, bytes);
  }

  private static Graph graph(
      NetworkSpec spec, NetworkSpec.Description description, double labelSmoothing, boolean bytes) {
    Lowering lowering = new Lowering(description.parameters());
    int value = lowering.add("input", input(spec, bytes), List.of(), description.input());
    for (int i = 0; i < spec.layers().size(); i++) {
      value = spec.layers().get(i).lower(lowering, value, Integer.toString(i));
    }
    return lowering.loss(value, labelSmoothing);
  }

  private static Kind input(NetworkSpec spec, boolean bytes) {
    if (!bytes) {
      return new Kind.Input(false, new float[0], new float[0]);
    }
    if (spec.normalize().isPresent()) {
      return new Kind.Input(
          true, spec.normalize().get().byteScale(), spec.normalize().get().byteShift());
    }
    float[] scale = new float[spec.input().get(0)];
    Arrays.fill(scale, 1 / 255f);
    return new Kind.Input(true, scale, new float[scale.length]);
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
