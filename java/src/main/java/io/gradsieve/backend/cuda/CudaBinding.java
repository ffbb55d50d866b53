package io.gradsieve.backend.cuda;

import io.gradsieve.backend.Resources;
import io.gradsieve.backend.layout.LaidOutParameters;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A plan bound to a device: its network, what travels with its steps, its rule, its workspace. */
final class CudaBinding implements AutoCloseable {
  private final CudaBackend backend;
  private final Resources resources = new Resources();
  private final CudaNetwork network;
  private final CudaBlocks blocks;
  private final CudaUpdate update;
  private final Cudnn cudnn;
  private final CublasLt cublasLt;

  /** Called before the workspace moves: graphs hold its address. */
  private final Runnable moving;

  private @Nullable CudaBuffer workspace;

  /** Of the parts of a step so far; taken when a step first has parts. */
  private @Nullable CudaBuffer partialSum;

  CudaBinding(
      CudaBackend backend,
      StepPlan plan,
      CudaLayout layout,
      LaidOutParameters weights,
      Optional<UpdateRule> optimizer,
      Runnable moving) {
    this.backend = backend;
    this.moving = moving;
    resources.add(this::closeWorkspace);
    try {
      network = new CudaNetwork(backend, plan, layout, weights);
      resources.add(network::close);
      blocks = new CudaBlocks(backend, plan, layout);
      resources.add(blocks::close);
      update = new CudaUpdate(backend, network, optimizer);
      cudnn = new Cudnn();
      resources.add(cudnn::close);
      cudnn.stream(backend.stream());
      cublasLt = new CublasLt();
      resources.add(cublasLt::close);
      workspace(1);
    } catch (RuntimeException e) {
      throw resources.abandon(e);
    }
  }

  CudaNetwork network() {
    return network;
  }

  CudaBlocks blocks() {
    return blocks;
  }

  CudaUpdate update() {
    return update;
  }

  Cudnn cudnn() {
    return cudnn;
  }

  CublasLt cublasLt() {
    return cublasLt;
  }

  long stream() {
    return backend.stream();
  }

  boolean tf32() {
    return backend.tf32();
  }

  /**
   * Memory of no meaning before or after an operation. It grows when an operation first wants more,
   * which a captured one never does.
   */
  long workspace(long bytes) {
    CudaBuffer now = workspace;
    if (now == null || bytes > now.bytes()) {
      moving.run();
      closeWorkspace();
      now = new CudaBuffer(backend, CudaPass.aligned(bytes), "scratch");
      workspace = now;
    }
    return now.address();
  }

  private void closeWorkspace() {
    CudaBuffer gone = workspace;
    workspace = null;
    if (gone != null) {
      gone.close();
    }
  }

  /** Sum of the gradients of a step's parts. */
  long partialSum() {
    CudaBuffer sum = partialSum;
    if (sum == null) {
      sum = network.own(network.layout().trainable() * Float.BYTES, "gradients");
      partialSum = sum;
    }
    return sum.address();
  }

  @Override
  public void close() {
    resources.close();
  }
}
