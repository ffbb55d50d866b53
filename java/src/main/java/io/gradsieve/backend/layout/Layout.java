package io.gradsieve.backend.layout;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.compile.Target;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Parameter;
import io.gradsieve.plan.Operation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a graph's values and parameters lie on a device. A flattened image keeps its place, so what
 * reads its features has its parameters permuted. Parameters lie in one buffer, the trainable ones
 * first, each from a multiple of {@link #alignment} floats on.
 */
public abstract class Layout implements Target {
  /** Most floats of one sample: 1 GiB. */
  private static final long LARGEST = 1L << 28;

  private final Graph graph;
  private final KindTable<? extends KindLayout<?>> kinds;
  private final int alignment;
  private final int[] origins;
  private final @Nullable Tensor[] tensors;
  private final @Nullable IndexMap[] maps;
  private final long[] offsets;
  private final long trainable;
  private final long floats;

  /**
   * Lays a graph out, the same for every graph of one network.
   *
   * @param kinds each under its own class
   * @param alignment floats of which pitches and the places of parameters are multiples
   */
  protected Layout(Graph graph, KindTable<? extends KindLayout<?>> kinds, int alignment) {
    this.graph = graph;
    this.kinds = kinds;
    this.alignment = alignment;
    this.origins = graph.origins();
    this.tensors = new Tensor[graph.values().size()];
    this.maps = new IndexMap[graph.parameters().size()];
    this.offsets = new long[maps.length];
    graph.nodes().forEach(this::lay);
    long next = 0;
    long ofTrainable = 0;
    for (int p = 0; p < maps.length; p++) {
      offsets[p] = next;
      next += whole(map(p).floats());
      ofTrainable = graph.parameter(p).trainable() ? next : ofTrainable;
    }
    this.trainable = ofTrainable;
    this.floats = next;
  }

  private void lay(Node node) {
    if (node.kind().view()) {
      return;
    }
    KindLayout<Kind> kind = kind(node.kind());
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

  @SuppressWarnings("unchecked") // the table has each under its own class
  private KindLayout<Kind> kind(Kind kind) {
    return (KindLayout<Kind>) kinds.of(kind);
  }

  private static Tensor checked(Node node, Tensor tensor) {
    if (tensor.floats() > LARGEST) {
      throw new BadData(
          "layer %s (%s): a value of %d floats a sample, channels in whole vectors, is larger than %d; use smaller images, more stride or fewer channels"
              .formatted(node.layer(), node.kind().name(), tensor.floats(), LARGEST));
    }
    return tensor;
  }

  /** What is laid out. */
  public Graph graph() {
    return graph;
  }

  /** The value that lies where this one does. */
  public int origin(int value) {
    return origins[value];
  }

  /** How a value of a sample lies, or the one it is a view of. */
  public Tensor tensor(int value) {
    Tensor tensor = tensors[origins[value]];
    if (tensor == null) {
      throw new IllegalStateException("value " + value + " lies nowhere");
    }
    return tensor;
  }

  /**
   * The same with channels that are those of the value: every lane of every position of a flattened
   * image is one of its own.
   */
  public Tensor byChannel(int value) {
    Tensor tensor = tensor(value);
    return isFlattened(value) ? of(1, Math.toIntExact(tensor.floats())) : tensor;
  }

  /** Whether a value is the features of an image, which lie as the image does. */
  public boolean isFlattened(int value) {
    return tensor(value).positions() > graph.value(value).positions();
  }

  /** Throws {@link IllegalArgumentException} unless samples of so many bytes are what is read. */
  public void checkSamples(int sampleBytes) {
    Node input = graph.input();
    boolean asBytes = input.kind() instanceof Kind.Input kind && kind.bytes();
    long bytes = graph.value(input.output()).elements() * (asBytes ? Byte.BYTES : Float.BYTES);
    if (sampleBytes != bytes) {
      throw new IllegalArgumentException(
          "the plan reads samples of " + bytes + " bytes, these have " + sampleBytes);
    }
  }

  /** The nodes that read a value, or a view of it. */
  public List<Node> readers(int value) {
    List<Node> readers = new ArrayList<>();
    for (Node node : graph.nodes()) {
      if (!node.kind().view() && node.inputs().stream().anyMatch(in -> origins[in] == value)) {
        readers.add(node);
      }
    }
    return readers;
  }

  /** Elements of a parameter. */
  public long elements(int parameter) {
    return graph.parameter(parameter).elements();
  }

  /** Where a parameter's elements lie, from its offset on. */
  public IndexMap map(int parameter) {
    IndexMap map = maps[parameter];
    if (map == null) {
      throw new IllegalStateException("no node has " + graph.parameter(parameter).name());
    }
    return map;
  }

  /** Floats from the start of the weights to a parameter; -1 for none. */
  public long offset(int parameter) {
    return parameter < 0 ? -1 : offsets[parameter];
  }

  /** Where these parameters lie, in the order of places; neighbours are one range. */
  public List<Range> ranges(List<Integer> parameters) {
    List<Range> ranges = new ArrayList<>();
    parameters.stream()
        .map(p -> new Range(offset(p), offset(p) + whole(map(p).floats())))
        .sorted(Comparator.comparingLong(Range::from))
        .forEach(
            next -> {
              Range last = ranges.isEmpty() ? null : ranges.get(ranges.size() - 1);
              if (last != null && last.to() == next.from()) {
                ranges.set(ranges.size() - 1, new Range(last.from(), next.to()));
              } else {
                ranges.add(next);
              }
            });
    return List.copyOf(ranges);
  }

  /** The graph's. */
  public List<Parameter> parameters() {
    return graph.parameters();
  }

  /** Floats of the trainable part at the start of the weights. */
  public long trainable() {
    return trainable;
  }

  /** Floats of the weights: the trainable parameters, then the running statistics. */
  public long floats() {
    return floats;
  }

  /**
   * Throws {@link IllegalArgumentException} unless weights that lie as there are this network's.
   */
  public void checkWeights(Layout other) {
    if (!graph.parameters().equals(other.graph.parameters())
        || !List.of(maps).equals(List.of(other.maps))) {
      throw new IllegalArgumentException(
          "these are the weights of another network than the plan's");
    }
  }

  // ---- how values lie

  /** Rounded up to whole alignments. */
  public long whole(long floats) {
    return (floats + alignment - 1) / alignment * alignment;
  }

  /** At the pitch of most values. */
  public Tensor of(int positions, int channels) {
    return new Tensor(positions, channels, Math.toIntExact(whole(channels)));
  }

  /** So many floats without positions, as operations save them. */
  public Tensor saved(long floats) {
    return of(1, Math.toIntExact(whole(floats)));
  }

  /**
   * Bytes of a whole batch, which Java sees as one buffer.
   *
   * @throws Usage if that would be 2 GiB or more
   */
  public static int viewable(int capacity, long sampleBytes, String what) {
    if (sampleBytes > Integer.MAX_VALUE / capacity) {
      throw new Usage(
          "--batch-size: the %s of %d samples, %d bytes each, are 2 GiB or more; use a smaller one"
              .formatted(what, capacity, sampleBytes));
    }
    return (int) (capacity * sampleBytes);
  }

  // ---- as a target of the compiler

  @Override
  public long floats(int value) {
    return graph.value(value).ofBatch() ? 0 : tensor(value).floats();
  }

  @Override
  public int alignment() {
    return alignment;
  }

  @Override
  public boolean fuses(Operation operation, Node next) {
    return kind(operation.first().kind()).fuses(operation, next.kind());
  }
}
