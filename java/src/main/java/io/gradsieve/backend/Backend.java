package io.gradsieve.backend;

import io.gradsieve.graph.Graph;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.util.Optional;

/** A device that runs steps. */
public interface Backend extends AutoCloseable {
  /** For configuration, {@code doctor} and summaries. */
  BackendInfo info();

  /** What is taken of the device's memory, by purpose ("weights", "arena"). */
  MemoryLedger ledger();

  /**
   * Zeroed memory for the parameters of a graph, laid out as its steps read them; the same for all
   * graphs of one network. Throws {@code Missing} if it can't be had.
   */
  ParameterValues parameters(Graph graph);

  /**
   * The plan of a graph for this device, for batches of up to {@code capacity} samples.
   *
   * @param backward whether the plan has a backward pass; without one nothing is kept for it
   * @param norms whether backward measures every sample's gradient norm
   */
  StepPlan plan(Graph graph, int capacity, boolean backward, boolean norms);

  /**
   * Makes a plan of this device runnable on weights of this device, which stay the caller's. With
   * an update rule the step owns gradients and optimizer state.
   */
  CompiledStep compile(StepPlan plan, ParameterValues weights, Optional<UpdateRule> optimizer);

  @Override
  void close();
}
