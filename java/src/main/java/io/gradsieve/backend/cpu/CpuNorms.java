package io.gradsieve.backend.cpu;

import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Value;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.plan.Operation;

/** Batch, group and layer norm. */
final class CpuNorms {
  private CpuNorms() {}

  /** Statistics, which the native step keeps by itself. */
  static final class BatchNormStatistics implements CpuKind<Kind.BatchNormStatistics> {
    @Override
    public IndexMap parameter(
        Kind.BatchNormStatistics kind, Node node, int place, CpuLayout layout) {
      return IndexMap.features(node, layout);
    }

    @Override
    public int add(Kind.BatchNormStatistics kind, Operation operation, CpuPlan plan) {
      Node node = operation.first();
      return CpuLibrary.gs_step_batchnorm_statistics(
          plan.step(),
          plan.channels(node.input()),
          plan.offset(node.parameter(0)),
          plan.offset(node.parameter(1)),
          kind.eps(),
          kind.momentum(),
          plan.gradient(operation, 0),
          plan.normalizer(operation.output()));
    }
  }

  /** Normalise + sum with a skip connection + relu. */
  static final class BatchNormNormalize implements CpuKind<Kind.BatchNormNormalize> {
    @Override
    public IndexMap parameter(
        Kind.BatchNormNormalize kind, Node node, int place, CpuLayout layout) {
      return IndexMap.features(node, layout);
    }

    @Override
    public boolean fuses(Operation operation, Kind next) {
      Kind last = operation.last().kind();
      if (next instanceof Kind.Activation activation) {
        return activation.function() == Kind.Function.RELU && !(last instanceof Kind.Activation);
      }
      return next instanceof Kind.Add && operation.nodes().size() == 1;
    }

    @Override
    public int add(Kind.BatchNormNormalize kind, Operation operation, CpuPlan plan) {
      Node node = operation.first();
      // The inputs are x, its statistics and, of a sum, what is added.
      boolean sum = operation.inputs().size() > 2;
      return CpuLibrary.gs_step_batchnorm_normalize(
          plan.step(),
          plan.normalizer(node.inputs().get(1))[0],
          plan.channels(node.inputs().get(0)),
          sum ? plan.channels(operation.inputs().get(2)) : -1,
          plan.channels(operation.output()),
          plan.offset(node.parameter(0)),
          plan.offset(node.parameter(1)),
          CpuKinds.activation(operation),
          sum ? plan.gradient(operation, 2) : CpuLibrary.GS_GRADIENT_NONE);
    }
  }

  /** Group norm. */
  static final class GroupNorm implements CpuKind<Kind.GroupNorm> {
    @Override
    public int add(Kind.GroupNorm kind, Operation operation, CpuPlan plan) {
      Node node = operation.first();
      return CpuLibrary.gs_step_groupnorm(
          plan.step(),
          plan.tensor(node.input()),
          plan.tensor(operation.output()),
          kind.groups(),
          plan.offset(node.parameter(0)),
          plan.offset(node.parameter(1)),
          kind.eps(),
          plan.saved(operation),
          plan.gradient(operation, 0));
    }
  }

  /** Layer norm over features, those of a flattened image included. */
  static final class LayerNorm implements CpuKind<Kind.LayerNorm> {
    @Override
    public IndexMap parameter(Kind.LayerNorm kind, Node node, int place, CpuLayout layout) {
      return IndexMap.features(node, layout);
    }

    @Override
    public int add(Kind.LayerNorm kind, Operation operation, CpuPlan plan) {
      int positions = plan.layout().graph().value(operation.output()).positions();
      if (positions > 1) {
        throw new IllegalStateException(
            "layer " + operation.first().layer() + ": no native layer norm at several positions");
      }
      return layerNorm(0, kind.eps(), operation, plan);
    }
  }

  /** Layer norm over rows of pixels. */
  static final class RowNorm implements CpuKind<Kind.RowNorm> {
    /** Mean and inverse deviation for every lane. */
    @Override
    public CpuTensor saved(Kind.RowNorm kind, Node node, Value saved, CpuLayout layout) {
      CpuTensor tensor = layout.tensor(node.input());
      return CpuTensor.saved(2 * tensor.floats() / kind.width());
    }

    @Override
    public int add(Kind.RowNorm kind, Operation operation, CpuPlan plan) {
      return layerNorm(kind.width(), kind.eps(), operation, plan);
    }
  }

  private static int layerNorm(int width, float eps, Operation operation, CpuPlan plan) {
    Node node = operation.first();
    return CpuLibrary.gs_step_layernorm(
        plan.step(),
        plan.tensor(node.input()),
        plan.tensor(operation.output()),
        width,
        plan.offset(node.parameter(0)),
        plan.offset(node.parameter(1)),
        eps,
        plan.saved(operation),
        plan.gradient(operation, 0));
  }
}
