package io.gradsieve.backend.reference;

import io.gradsieve.backend.Backend;
import io.gradsieve.backend.BackendInfo;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.MemoryLedger;
import io.gradsieve.compile.Compiler;
import io.gradsieve.compile.WholeBatch;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.HeapParameters;
import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A second device, for tests alone: plain Java, operation by operation over the whole batch, in
 * double precision between one step's float weights and the next's. It shows that nothing above the
 * compiler knows the first one. Work is done at once when it is queued.
 */
public final class ReferenceBackend implements Backend {
  private final MemoryLedger ledger = new MemoryLedger();

  @Override
  public BackendInfo info() {
    return new BackendInfo("reference", "Java", 1, "none", "own", List.of());
  }

  @Override
  public MemoryLedger ledger() {
    return ledger;
  }

  @Override
  public ParameterValues parameters(Graph graph) {
    return take(graph.parameters(), "weights");
  }

  /** Zeroed values, in the ledger until they are closed. */
  HeapParameters take(List<Parameter> parameters, String purpose) {
    long elements = parameters.stream().mapToLong(Parameter::elements).sum();
    return HeapParameters.of(parameters, take(elements * Float.BYTES, purpose));
  }

  /** Enters bytes in the ledger; what is returned takes them out. */
  Runnable take(long bytes, String purpose) {
    ledger.add(purpose, bytes);
    return () -> ledger.remove(purpose, bytes);
  }

  @Override
  public StepPlan plan(Graph graph, int capacity, boolean backward, boolean norms) {
    return Compiler.plan(graph, new WholeBatch(graph), capacity, backward, norms);
  }

  @Override
  public CompiledStep compile(
      StepPlan plan, ParameterValues weights, Optional<UpdateRule> optimizer) {
    if (!plan.graph().parameters().equals(weights.parameters())) {
      throw new IllegalArgumentException(
          "these are the weights of another network than the plan's");
    }
    if (optimizer.isPresent() && !plan.backward()) {
      throw new IllegalArgumentException("a plan without backward pass takes no optimizer");
    }
    return new ReferenceCompiledStep(this, plan, (HeapParameters) weights, optimizer);
  }

  /** Throws {@link IllegalStateException} if values or a step of this backend are still open. */
  @Override
  public void close() {
    Map<String, Long> open = ledger.open();
    if (!open.isEmpty()) {
      throw new IllegalStateException("not closed, bytes by purpose: " + open);
    }
  }
}
