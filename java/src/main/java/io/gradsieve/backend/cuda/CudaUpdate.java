package io.gradsieve.backend.cuda;

import static io.gradsieve.backend.cuda.CudaErrors.check;

import io.gradsieve.backend.layout.LaidOutParameters;
import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.natives.CudaKernels;
import io.gradsieve.plan.UpdateRule;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Squares of the gradient, and the rule by which weights change, over all parameters at once. */
final class CudaUpdate {
  /** Bytes of a {@code gs_cuda_parameter}: offset, count, matrix. */
  private static final int ROW = 3 * Long.BYTES;

  private final CudaNetwork network;
  private final Optional<UpdateRule> rule;
  private final Map<String, ParameterValues> states = new LinkedHashMap<>();
  private final long[] stateAddresses = new long[2];
  private final int parameters;
  private final int chunks;
  private final long table;
  private final long sums;

  /** All memory is the network's. */
  CudaUpdate(CudaBackend backend, CudaNetwork network, Optional<UpdateRule> rule) {
    this.network = network;
    this.rule = rule;
    CudaLayout layout = network.layout();
    List<String> kept = rule.map(UpdateRule::states).orElse(List.of());
    for (int i = 0; i < kept.size(); i++) {
      CudaBuffer state = network.own(layout.trainable() * Float.BYTES, "optimizer");
      stateAddresses[i] = state.address();
      states.put(kept.get(i), LaidOutParameters.trainable(layout, state));
    }
    parameters = network.gradients().parameters().size();
    int bytes = Math.max(parameters, 1) * ROW;
    table = network.own(bytes, "optimizer").address();
    int count = 0;
    try (CudaPinned staging = new CudaPinned(backend, bytes, "optimizer")) {
      ByteBuffer rows = staging.view(0, bytes);
      for (int p = 0; p < parameters; p++) {
        Parameter parameter = layout.parameters().get(p);
        long floats = layout.whole(layout.map(p).floats());
        rows.putLong(layout.offset(p)).putLong(floats);
        rows.putLong(parameter.shape().size() > 1 ? 1 : 0);
        count += (int) ((floats + CudaKernels.GS_CUDA_CHUNK - 1) / CudaKernels.GS_CUDA_CHUNK);
      }
      backend.synchronize();
      CudaRuntime.copy(table, staging.address(), bytes);
    }
    chunks = network.plan().backward() ? count : 0;
    sums = network.own(Math.max(count, 1) * (long) Double.BYTES, "optimizer").address();
  }

  /** Whether there is a rule. */
  boolean present() {
    return rule.isPresent();
  }

  /** By the names of {@link UpdateRule#states}. */
  Map<String, ParameterValues> states() {
    return states;
  }

  /** How many {@link #sums} there are. */
  int chunks() {
    return chunks;
  }

  /** Squares of the gradient, double[chunks]. */
  long sums() {
    return sums;
  }

  /** Queues {@link #sums} of the gradient as it is then. */
  void square(long stream) {
    if (chunks > 0) {
      check(
          CudaKernels.gs_cuda_gradient_squares(
              parameters, table, chunks, network.gradientAddress(), sums, stream));
    }
  }

  /** Queues the change of the weights by the step's numbers, if its outcome is fine. */
  void apply(CudaPass pass) {
    UpdateRule how = rule.orElseThrow();
    long step = pass.blocks().step();
    long outcome = pass.blocks().outcome();
    long gradient = network.gradientAddress();
    long weights = network.weights().address();
    long count = network.layout().trainable();
    long stream = pass.stream();
    if (chunks == 0) {
      return;
    }
    if (how instanceof UpdateRule.Sgd sgd) {
      check(
          CudaKernels.gs_cuda_sgd_update(
              count,
              step,
              outcome,
              (float) sgd.momentum(),
              sgd.nesterov() ? 1 : 0,
              (float) sgd.weightDecay(),
              gradient,
              stateAddresses[0],
              weights,
              stream));
    } else if (how instanceof UpdateRule.AdamW adam) {
      check(
          CudaKernels.gs_cuda_adamw_update(
              count,
              step,
              outcome,
              adam.beta1(),
              adam.beta2(),
              (float) adam.eps(),
              (float) adam.weightDecay(),
              gradient,
              stateAddresses[0],
              stateAddresses[1],
              weights,
              stream));
    } else if (how instanceof UpdateRule.Lars lars) {
      check(
          CudaKernels.gs_cuda_lars_update(
              parameters,
              table,
              chunks,
              step,
              outcome,
              (float) lars.momentum(),
              (float) lars.weightDecay(),
              (float) lars.trust(),
              gradient,
              stateAddresses[0],
              weights,
              trust(pass),
              stream));
    } else if (how instanceof UpdateRule.Lamb lamb) {
      check(
          CudaKernels.gs_cuda_lamb_update(
              parameters,
              table,
              chunks,
              step,
              outcome,
              lamb.beta1(),
              lamb.beta2(),
              (float) lamb.eps(),
              (float) lamb.weightDecay(),
              gradient,
              stateAddresses[0],
              stateAddresses[1],
              weights,
              trust(pass),
              stream));
    } else {
      throw new IllegalStateException("no CUDA update for " + how);
    }
  }

  private long trust(CudaPass pass) {
    return pass.workspace(CudaKernels.gs_cuda_trust_workspace(parameters, chunks));
  }
}
