package io.gradsieve.compile;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.graph.Graph;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Node;
import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.Value;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.Operation.Gradient;
import io.gradsieve.plan.PlanValue;
import io.gradsieve.plan.PlanValue.Place;
import io.gradsieve.plan.PlanValue.Storage;
import io.gradsieve.plan.Segment;
import io.gradsieve.plan.StepPlan;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Plans of kinds that nothing but this test knows: a compiler asks what they are like. */
class UnseenKindTest {
  private static final int CAPACITY = 6;
  private static final int BLOCK = 2;
  private static final int FLOATS = 12;

  /** Values of the graph, in their order. */
  private static final int X = 0;

  private static final int MIXED = 1;
  private static final int SQUARED = 2;
  private static final int LOGITS = 3;

  /** Mixes the channels of all positions by its parameter. */
  private record Mix() implements Kind {
    @Override
    public String name() {
      return "mix";
    }

    @Override
    public boolean heavy() {
      return true;
    }

    @Override
    public boolean backwardReadsInputs() {
      return true;
    }
  }

  /** Element by element. */
  private record Square() implements Kind {
    @Override
    public String name() {
      return "square";
    }

    @Override
    public boolean rowByRow() {
      return true;
    }

    @Override
    public boolean backwardReadsInputs() {
      return true;
    }
  }

  /** A device that runs blocks of two samples through segments and fuses nothing. */
  private record Blocks() implements Target {
    @Override
    public long floats(int value) {
      return FLOATS;
    }

    @Override
    public int alignment() {
      return 1;
    }

    @Override
    public boolean fuses(Operation operation, Node next) {
      return false;
    }

    @Override
    public boolean segmented() {
      return true;
    }

    @Override
    public int block(boolean rows, long floats) {
      return BLOCK;
    }
  }

  /** input → mix → square → mix → loss, each value of 4 positions and 3 channels. */
  private static Graph graph() {
    Graph.Builder graph =
        new Graph.Builder(
            List.of(
                new Parameter("0.weight", List.of(3, 3), true),
                new Parameter("2.weight", List.of(3, 3), true)));
    for (int value = X; value <= LOGITS; value++) {
      graph.add(Value.of(4, 3));
    }
    List<Integer> none = List.of();
    Kind floats = new Kind.Input(false, new float[0], new float[0]);
    Kind loss = new Kind.SoftmaxCrossEntropy(0);
    graph.add(new Node("input", floats, none, X, none, none));
    graph.add(new Node("0", new Mix(), List.of(X), MIXED, none, List.of(0)));
    graph.add(new Node("1", new Square(), List.of(MIXED), SQUARED, none, none));
    graph.add(new Node("2", new Mix(), List.of(SQUARED), LOGITS, none, List.of(1)));
    graph.add(new Node("loss", loss, List.of(LOGITS), -1, none, none));
    return graph.build();
  }

  private static List<String> names(Segment segment) {
    return segment.operations().stream().map(o -> o.first().kind().name()).toList();
  }

  private static List<Gradient> gradients(Segment segment) {
    return segment.operations().stream().flatMap(o -> o.gradients().stream()).toList();
  }

  private static long at(Place place, Storage storage) {
    assertThat(place.storage()).isEqualTo(storage);
    return place.offset();
  }

  @Test
  void overTheWholeBatchEveryOperationRunsByItselfAndValuesShareTheArenaByTheirLives() {
    Graph graph = graph();
    StepPlan plan = Compiler.plan(graph, new WholeBatch(graph), CAPACITY, true, true);
    assertThat(plan.segments())
        .extracting(UnseenKindTest::names)
        .containsExactly(
            List.of("input"),
            List.of("mix"),
            List.of("square"),
            List.of("mix"),
            List.of("softmax_cross_entropy"));
    assertThat(plan.segments()).extracting(Segment::recompute).containsOnly(0);
    assertThat(plan.segments()).extracting(Segment::block).containsOnly(CAPACITY);
    assertThat(plan.segments())
        .extracting(Segment::completes)
        .containsExactly(List.of(), List.of(0), List.of(), List.of(1), List.of());
    assertThat(plan.segments())
        .extracting(UnseenKindTest::gradients)
        .containsExactly(
            List.of(),
            List.of(Gradient.NONE),
            List.of(Gradient.STORE),
            List.of(Gradient.STORE),
            List.of(Gradient.STORE));
    // When the last mix runs backward its input, the two values before that and two gradients are
    // needed; at no time more.
    assertThat(plan.arenaFloats()).isEqualTo(5L * FLOATS * CAPACITY);
    assertThat(plan.scratchFloats()).isZero();
    long logits = at(plan.value(LOGITS).value(), Storage.ARENA);
    assertThat(at(plan.value(SQUARED).gradient(), Storage.ARENA)).isEqualTo(logits);
    assertThat(plan.value(X).gradient()).isEqualTo(Place.NOWHERE);
  }

  @Test
  void withoutBackwardAValueIsGoneWhenTheNextIsThere() {
    Graph graph = graph();
    StepPlan plan = Compiler.plan(graph, new WholeBatch(graph), CAPACITY, false, false);
    assertThat(plan.arenaFloats()).isEqualTo(2L * FLOATS * CAPACITY);
    assertThat(plan.values()).extracting(PlanValue::gradient).containsOnly(Place.NOWHERE);
    assertThat(plan.value(X).value()).isEqualTo(plan.value(SQUARED).value());
    assertThat(plan.value(MIXED).value()).isEqualTo(plan.value(LOGITS).value());
  }

  @Test
  void inSegmentsALightOperationLeadsTheNextOneAndRunsAgainForBackward() {
    StepPlan plan = Compiler.plan(graph(), new Blocks(), CAPACITY, true, true);
    assertThat(plan.segments())
        .extracting(UnseenKindTest::names)
        .containsExactly(
            List.of("input", "mix"), List.of("square", "mix", "softmax_cross_entropy"));
    assertThat(plan.segments()).extracting(Segment::recompute).containsExactly(1, 1);
    assertThat(plan.segments()).extracting(Segment::block).containsOnly(BLOCK);
    assertThat(plan.segments())
        .extracting(Segment::completes)
        .containsExactly(List.of(0), List.of(1));
    // The next segment reads what the first mix makes, the caller the logits; the gradient of the
    // first alone passes from one segment to the other.
    at(plan.value(MIXED).value(), Storage.ARENA);
    at(plan.value(LOGITS).value(), Storage.ARENA);
    at(plan.value(MIXED).gradient(), Storage.ARENA);
    at(plan.value(X).value(), Storage.SCRATCH);
    long again = at(plan.value(SQUARED).value(), Storage.SCRATCH);
    long slope = at(plan.value(SQUARED).gradient(), Storage.SCRATCH);
    long first = at(plan.value(LOGITS).gradient(), Storage.SCRATCH);
    assertThat(List.of(again, slope, first)).doesNotHaveDuplicates();
    assertThat(plan.scratchFloats()).isEqualTo(3L * FLOATS * BLOCK);
  }
}
