package io.gradsieve.backend.cpu;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.compile.Target;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Parameter;
import io.gradsieve.plan.Operation;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a graph's values and parameters lie on a CPU. A flattened image keeps its place, so what
 * reads its features has its parameters permuted. Parameters lie in one buffer, the trainable ones
 * first, each from a multiple of 16 floats on.
 */
final class CpuLayout implements Target {
  /** Most samples that go through a segment of images together. */
  private static final int LARGEST_IMAGE_BLOCK = 8;

  /**
   * Bytes of a block's values and gradients: half a common second-level cache. Chosen, not tuned:
   * on a busy machine blocks of 1, 2, 4 and 8 samples could not be told apart on cnn or resnet20.
   */
  private static final long BLOCK_BYTES = 256 << 10;

  /** Samples that go through a segment of features together: enough rows for a matrix product. */
  private static final int FEATURE_BLOCK = 256;

  /** Most floats of one sample: 1 GiB. */
  private static final long LARGEST = 1L << 28;

  private final Graph graph;
  private final int[] origins;
  private final @Nullable CpuTensor[] tensors;
  private final @Nullable IndexMap[] maps;
  private final long[] offsets;
  private final long trainable;
  private final long floats;

  private CpuLayout(Graph graph) {
    this.graph = graph;
    this.origins = graph.origins();
    this.tensors = new CpuTensor[graph.values().size()];
    this.maps = new IndexMap[graph.parameters().size()];
    this.offsets = new long[maps.length];
    graph.nodes().forEach(this::lay);
    long next = 0;
    long ofTrainable = 0;
    for (int p = 0; p < maps.length; p++) {
      offsets[p] = next;
      next += CpuTensor.whole(map(p).floats());
      ofTrainable = graph.parameter(p).trainable() ? next : ofTrainable;
    }
    this.trainable = ofTrainable;
    this.floats = next;
  }

  /** The layout of a graph; the same for every graph of one network. */
  static CpuLayout of(Graph graph) {
    return new CpuLayout(graph);
  }

  private void lay(Node node) {
    if (node.kind().view()) {
      return;
    }
    CpuKind<Kind> kind = CpuKinds.of(node.kind());
    if (node.output() >= 0 && !graph.value(node.output()).ofBatch()) {
      tensors[node.output()] = checked(node, kind.output(node.kind(), node, this));
    }
    for (int saved : node.saved()) {
      tensors[saved] = kind.saved(node.kind(), node, graph.value(saved), this);
    }
    for (int place = 0; place < node.parameters().size(); place++) {
      maps[node.parameter(place)] = kind.parameter(node.kind(), node, place, this);
    }
  }

  private static CpuTensor checked(Node node, CpuTensor tensor) {
    if (tensor.floats() > LARGEST) {
      throw new BadData(
          "layer %s (%s): a value of %d floats a sample, channels in whole vectors, is larger than %d; use smaller images, more stride or fewer channels"
              .formatted(node.layer(), node.kind().name(), tensor.floats(), LARGEST));
    }
    return tensor;
  }

  Graph graph() {
    return graph;
  }

  /** The value that lies where this one does. */
  int origin(int value) {
    return origins[value];
  }

  /** How a value of a sample lies, or the one it is a view of. */
  CpuTensor tensor(int value) {
    CpuTensor tensor = tensors[origins[value]];
    if (tensor == null) {
      throw new IllegalStateException("value " + value + " lies nowhere");
    }
    return tensor;
  }

  /**
   * The same with channels that are those of the value: every lane of every position of a flattened
   * image is one of its own.
   */
  CpuTensor byChannel(int value) {
    CpuTensor tensor = tensor(value);
    return isFlattened(value) ? tensor.lanes() : tensor;
  }

  /** Whether a value is the features of an image, which lie as the image does. */
  boolean isFlattened(int value) {
    return tensor(value).positions() > graph.value(value).positions();
  }

  /** The nodes that read a value, or a view of it. */
  List<Node> readers(int value) {
    List<Node> readers = new ArrayList<>();
    for (Node node : graph.nodes()) {
      if (!node.kind().view() && node.inputs().stream().anyMatch(in -> origins[in] == value)) {
        readers.add(node);
      }
    }
    return readers;
  }

  /** Elements of a parameter. */
  long elements(int parameter) {
    return graph.parameter(parameter).elements();
  }

  /** Where a parameter's elements lie, from its offset on. */
  IndexMap map(int parameter) {
    IndexMap map = maps[parameter];
    if (map == null) {
      throw new IllegalStateException("no node has " + graph.parameter(parameter).name());
    }
    return map;
  }

  /** Floats from the start of the weights to a parameter; -1 for none. */
  long offset(int parameter) {
    return parameter < 0 ? -1 : offsets[parameter];
  }

  List<Parameter> parameters() {
    return graph.parameters();
  }

  /** Floats of the trainable part at the start of the weights. */
  long trainable() {
    return trainable;
  }

  /** Floats of the weights: the trainable parameters, then the running statistics. */
  long floats() {
    return floats;
  }

  /** Whether parameters of the other lie as those of this one. */
  boolean fits(CpuLayout other) {
    return graph.parameters().equals(other.graph.parameters())
        && List.of(maps).equals(List.of(other.maps));
  }

  // ---- as a target of the compiler

  @Override
  public long floats(int value) {
    return graph.value(value).ofBatch() ? 0 : tensor(value).floats();
  }

  @Override
  public int alignment() {
    return CpuTensor.LANES;
  }

  @Override
  public boolean fuses(Operation operation, Node next) {
    return CpuKinds.of(operation.first().kind()).fuses(operation, next.kind());
  }

  @Override
  public boolean segmented() {
    return true;
  }

  /** As many samples as fit in the cache with their values and gradients. */
  @Override
  public int block(boolean rows, long floatsOfASample) {
    if (rows) {
      return FEATURE_BLOCK;
    }
    long samples = BLOCK_BYTES / (2 * Float.BYTES * Math.max(1, floatsOfASample));
    return (int) Math.max(1, Math.min(LARGEST_IMAGE_BLOCK, samples));
  }
}
