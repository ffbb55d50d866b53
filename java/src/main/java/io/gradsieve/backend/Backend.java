package io.gradsieve.backend;

import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.util.Optional;

/** A device that runs steps. */
public interface Backend extends AutoCloseable {
  /** For configuration, {@code doctor} and summaries. */
  BackendInfo info();

  /**
   * Zeroed memory; {@code purpose} is its heading in the ledger ("weights", "arena"). Throws {@code
   * Missing} if it can't be had.
   */
  DeviceBuffer allocate(long bytes, String purpose);

  MemoryLedger ledger();

  /**
   * Makes a plan runnable on the given weights (trainable parameters, then running statistics),
   * which stay the caller's. With an update rule the step owns gradients and optimizer state.
   */
  CompiledStep compile(StepPlan plan, DeviceBuffer weights, Optional<UpdateRule> optimizer);

  @Override
  void close();
}
