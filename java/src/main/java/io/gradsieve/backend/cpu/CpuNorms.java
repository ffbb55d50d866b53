package io.gradsieve.backend.cpu;

import io.gradsieve.backend.layout.Fusions;
import io.gradsieve.backend.layout.IndexMap;
import io.gradsieve.backend.layout.Layout;
import io.gradsieve.backend.layout.Tensor;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Value;
import io.gradsieve.natives.CpuLibrary;
import io.gradsieve.plan.Operation;

/** Batch, group and layer norm. */
final class CpuNorms {
  private CpuNorms() {}

  static void enter() {
    CpuKinds.kind(Kind.BatchNormStatistics.class, new BatchNormStatistics());
    CpuKinds.kind(Kind.BatchNormNormalize.class, new BatchNormNormalize());
    CpuKinds.kind(Kind.GroupNorm.class, new GroupNorm());
    CpuKinds.kind(Kind.LayerNorm.class, new LayerNorm());
    CpuKinds.kind(Kind.RowNorm.class, new RowNorm());
  }

  /** Statistics, which the native step keeps by itself. */
  private static final class BatchNormStatistics implements CpuKind<Kind.BatchNormStatistics> {
    @Override
    public boolean byChannel() {
      return true;
    }

    @Override
    public IndexMap parameter(Kind.BatchNormStatistics kind, Node node, int place, Layout layout) {
      return IndexMap.features(node, layout);
    }

    @Override
    public int add(Kind.BatchNormStatistics kind, Operation operation, CpuPlan plan) {
      Node node = operation.first();
      return CpuLibrary.gs_step_batchnorm_statistics(
          plan.step(),
          plan.offset(node.parameter(0)),
          plan.offset(node.parameter(1)),
          kind.eps(),
          kind.momentum(),
          plan.normalizer(operation.output()));
    }
  }

  /** Normalise + sum with a skip connection + relu. */
  private static final class BatchNormNormalize implements CpuKind<Kind.BatchNormNormalize> {
    @Override
    public boolean byChannel() {
      return true;
    }

    @Override
    public IndexMap parameter(Kind.BatchNormNormalize kind, Node node, int place, Layout layout) {
      return IndexMap.features(node, layout);
    }

    @Override
    public boolean fuses(Operation operation, Kind next) {
      return Fusions.normalize(operation, next);
    }

    @Override
    public int add(Kind.BatchNormNormalize kind, Operation operation, CpuPlan plan) {
      Node node = operation.first();
      return CpuLibrary.gs_step_batchnorm_normalize(
          plan.step(),
          plan.normalizer(node.inputs().get(1))[0],
          plan.offset(node.parameter(0)),
          plan.offset(node.parameter(1)),
          CpuKinds.activation(operation));
    }
  }

  /** Group norm. */
  private static final class GroupNorm implements CpuKind<Kind.GroupNorm> {
    @Override
    public int add(Kind.GroupNorm kind, Operation operation, CpuPlan plan) {
      Node node = operation.first();
      return CpuLibrary.gs_step_groupnorm(
          plan.step(),
          kind.groups(),
          plan.offset(node.parameter(0)),
          plan.offset(node.parameter(1)),
          kind.eps());
    }
  }

  /** Layer norm over features, those of a flattened image included. */
  private static final class LayerNorm implements CpuKind<Kind.LayerNorm> {
    @Override
    public IndexMap parameter(Kind.LayerNorm kind, Node node, int place, Layout layout) {
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
  private static final class RowNorm implements CpuKind<Kind.RowNorm> {
    /** Mean and inverse deviation for every lane. */
    @Override
    public Tensor saved(Kind.RowNorm kind, Node node, Value saved, Layout layout) {
      Tensor tensor = layout.tensor(node.input());
      return layout.saved(2 * tensor.floats() / kind.width());
    }

    @Override
    public int add(Kind.RowNorm kind, Operation operation, CpuPlan plan) {
      return layerNorm(kind.width(), kind.eps(), operation, plan);
    }
  }

  private static int layerNorm(int width, float eps, Operation operation, CpuPlan plan) {
    Node node = operation.first();
    return CpuLibrary.gs_step_layernorm(
        plan.step(), width, plan.offset(node.parameter(0)), plan.offset(node.parameter(1)), eps);
  }
}
