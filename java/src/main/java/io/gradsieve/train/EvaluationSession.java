package io.gradsieve.train;

import io.gradsieve.GradsieveException;
import io.gradsieve.Internal;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.Resources;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.augment.Augment;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.nn.Network;
import io.gradsieve.plan.StepPlan;
import java.util.Arrays;
import java.util.Optional;

/**
 * A network over a data set in evaluation mode, with the weights it has: every sample by itself,
 * nothing drawn, nothing learned. Network and backend stay the caller's.
 */
@Internal
public final class EvaluationSession implements AutoCloseable {
  /** Samples a pass, if memory allows. */
  private static final int LARGEST_BATCH = 256;

  /** Floats of intermediate values a pass may take: 512 MiB. */
  private static final long LARGEST_ARENA = 1L << 27;

  private final Resources resources = new Resources();
  private final Dataset data;
  private final Network network;
  private final CompiledStep step;
  private final ForwardPass pass;

  /**
   * Compiles the network.
   *
   * @param backward whether gradients and their norms are wanted
   * @param stop ends a pass before its end
   */
  public EvaluationSession(
      Dataset data, Network network, Backend backend, boolean backward, StopRequest stop) {
    this.data = data;
    this.network = network;
    try {
      int capacity = LARGEST_BATCH;
      Graph graph = network.graph(0, data.bytes());
      StepPlan plan = backend.plan(graph, capacity, backward, backward);
      while (plan.arenaFloats() > LARGEST_ARENA && capacity > 1) {
        capacity /= 2;
        plan = backend.plan(graph, capacity, backward, backward);
      }
      step = backend.compile(plan, network.weights(), Optional.empty());
      resources.add(step::close);
      double[] ones = new double[data.size()];
      Arrays.fill(ones, 1);
      Batches batches = new Batches(data, Augment.NONE, ones, step, capacity);
      resources.add(batches::close);
      pass = new ForwardPass(step, batches, Workers.alone(stop));
    } catch (RuntimeException e) {
      throw resources.abandon(e);
    }
  }

  /**
   * One pass over the samples, in order, or until asked to stop.
   *
   * @param gradients whether {@link #gradients} is wanted too; only if opened with backward
   * @throws GradsieveException.Diverged if a result is not finite; another pass may follow
   */
  public void pass(int[] samples, boolean gradients, ForwardPass.Visitor visitor) {
    pass.evaluate(samples, gradients, visitor);
  }

  /** The network; who changes its weights puts them back. */
  public Network network() {
    return network;
  }

  /** Sum of the samples' gradients of the batch last visited. */
  public ParameterValues gradients() {
    return step.gradients();
  }

  public Dataset data() {
    return data;
  }

  @Override
  public void close() {
    resources.close();
  }
}
