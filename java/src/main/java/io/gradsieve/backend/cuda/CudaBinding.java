package io.gradsieve.backend.cuda;

import io.gradsieve.backend.Resources;
import io.gradsieve.backend.cuda.Cudnn.ConvolutionShape;
import io.gradsieve.backend.layout.LaidOutParameters;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A plan bound to a device: its network, what travels with its steps, its rule, its workspace. */
final class CudaBinding implements AutoCloseable {
  /**
   * Products and convolutions that are kept: of the layers of a large network at a few sizes of
   * batches. A graph needs them no more once it is captured.
   */
  private static final int KEPT = 1024;

  private record SizedConvolution(ConvolutionShape shape, int batch) {}

  private final CudaBackend backend;
  private final Resources resources = new Resources();
  private final CudaNetwork network;
  private final CudaBlocks blocks;
  private final CudaUpdate update;
  private final Cudnn cudnn;
  private final CublasLt cublasLt;

  private final Recent<CublasLt.Shape, CublasLt.Product> products;
  private final Recent<SizedConvolution, Cudnn.Convolution> convolutions;

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
      products = new Recent<>(KEPT, cublasLt::product);
      resources.add(products::close);
      convolutions =
          new Recent<>(
              KEPT, sized -> cudnn.convolution(sized.shape(), sized.batch(), backend.tf32()));
      resources.add(convolutions::close);
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

  /** The product of this shape. */
  CublasLt.Product product(CublasLt.Shape shape) {
    return products.get(shape);
  }

  /** The convolution of this shape over so many samples. */
  Cudnn.Convolution convolution(ConvolutionShape shape, int batch) {
    return convolutions.get(new SizedConvolution(shape, batch));
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
