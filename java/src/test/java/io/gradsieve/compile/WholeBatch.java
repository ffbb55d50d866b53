package io.gradsieve.compile;

import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Value;
import io.gradsieve.plan.Operation;

/**
 * A device that runs operation by operation over the whole batch, values as dense as they come, one
 * fused group: convolution, bias and relu.
 */
public record WholeBatch(Graph graph) implements Target {
  @Override
  public long floats(int value) {
    Value shape = graph.value(value);
    return shape.element() == Value.Element.BYTE
        ? (shape.elements() + 3) / Float.BYTES
        : shape.elements();
  }

  @Override
  public int alignment() {
    return 1;
  }

  @Override
  public boolean fuses(Operation operation, Node next) {
    return operation.nodes().size() == 1
        && operation.first().kind() instanceof Kind.Conv2d
        && next.kind() instanceof Kind.Activation activation
        && activation.function() == Kind.Function.RELU;
  }

  @Override
  public boolean segmented() {
    return false;
  }

  @Override
  public int block(boolean rows, long floats) {
    throw new AssertionError("it has no blocks");
  }
}
