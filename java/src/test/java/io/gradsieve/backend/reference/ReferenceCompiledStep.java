package io.gradsieve.backend.reference;

import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.Participants;
import io.gradsieve.backend.StepInput;
import io.gradsieve.backend.StepRecords;
import io.gradsieve.backend.StepTimes;
import io.gradsieve.backend.StepTimes.Phase;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.HeapParameters;
import io.gradsieve.graph.Kind;
import io.gradsieve.graph.Parameter;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.plan.Operation;
import io.gradsieve.plan.Segment;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A plan that runs segment by segment, each call to its end. */
final class ReferenceCompiledStep implements CompiledStep {
  /** Steps that may be under way, and sets of results that take turns. */
  private static final int SETS = 2;

  private final ReferenceBackend backend;
  private final StepPlan plan;
  private final HeapParameters weights;
  private final List<Runnable> releases = new ArrayList<>();
  private final HeapParameters gradients;
  private final Map<String, ParameterValues> states = new LinkedHashMap<>();
  private final Optional<ReferenceUpdate> update;
  private final ReferenceRecords[] records = new ReferenceRecords[SETS];
  private final ReferenceRun[] runs = new ReferenceRun[SETS];

  /** Of the parts of a step so far; taken when a step first has parts. */
  private Optional<HeapParameters> partialSum = Optional.empty();

  private LongBuffer times = LongBuffer.allocate(0);
  private long segmentCalls;
  private long begun;
  private long awaited;
  private boolean closed;

  ReferenceCompiledStep(
      ReferenceBackend backend,
      StepPlan plan,
      HeapParameters weights,
      Optional<UpdateRule> optimizer) {
    this.backend = backend;
    this.plan = plan;
    this.weights = weights;
    Graph graph = plan.graph();
    releases.add(backend.take(plan.arenaFloats() * Float.BYTES, "arena"));
    releases.add(backend.take(plan.scratchFloats() * Float.BYTES, "scratch"));
    gradients = own(plan.backward(), "gradients");
    List<HeapParameters> kept = new ArrayList<>();
    for (String state : optimizer.map(UpdateRule::states).orElse(List.of())) {
      kept.add(own(true, "optimizer"));
      states.put(state, kept.get(kept.size() - 1));
    }
    update = optimizer.map(rule -> new ReferenceUpdate(rule, graph, weights, gradients, kept));
    for (int set = 0; set < SETS; set++) {
      records[set] = new ReferenceRecords(plan.capacity(), graph.classes());
      long bytes = ReferenceRecords.bytes(plan.capacity(), graph.classes());
      releases.add(backend.take(bytes, "records"));
    }
  }

  /** Values of the trainable parameters, or of none. */
  private HeapParameters own(boolean any, String purpose) {
    List<Parameter> trainable =
        plan.graph().parameters().stream().filter(p -> any && p.trainable()).toList();
    HeapParameters values = backend.take(trainable, purpose);
    releases.add(values::close);
    return values;
  }

  @Override
  public StepInput newInput(SampleStore samples, SampleShape shape) {
    int value = plan.graph().input().output();
    boolean bytes = plan.graph().input().kind() instanceof Kind.Input input && input.bytes();
    long expected = plan.graph().value(value).elements() * (bytes ? 1 : Float.BYTES);
    if (samples.sampleBytes() != expected) {
      throw new IllegalArgumentException(
          "the plan reads samples of %d bytes, these have %d"
              .formatted(expected, samples.sampleBytes()));
    }
    return new ReferenceInput(backend, plan.capacity(), samples, shape, bytes, this::drain);
  }

  /** What is under way nobody asks for any more. */
  private void drain() {
    if (!closed && awaited < begun) {
      current().settle(gradients);
      awaited = begun;
    }
  }

  @Override
  public void begin(
      StepInput input, int batch, Mode mode, long seed, int epoch, double statisticsMomentum) {
    ReferenceInput slot = (ReferenceInput) input;
    open();
    int most = Math.min(plan.capacity(), slot.capacity());
    if (batch < 1 || batch > most) {
      throw new IllegalArgumentException("batch must lie in 1.." + most + ", is " + batch);
    }
    if (!(statisticsMomentum <= 1)) {
      throw new IllegalArgumentException("a statistics momentum of " + statisticsMomentum);
    }
    if (begun - awaited == SETS) {
      throw new IllegalStateException("2 steps are under way: await comes first");
    }
    Optional<String> divergedBefore = Optional.empty();
    if (begun != awaited) {
      current().settle(gradients);
      divergedBefore = current().divergence();
    }
    boolean training = mode == Mode.TRAINING;
    int set = (int) (begun % SETS);
    runs[set] =
        new ReferenceRun(
            plan,
            weights,
            slot.batch(batch, plan.graph().classes(), training, seed, epoch),
            statisticsMomentum,
            records[set],
            divergedBefore);
    begun++;
    for (int p = 0; p < gradients.parameters().size(); p++) {
      gradients.write(p, new float[Math.toIntExact(gradients.parameters().get(p).elements())]);
    }
  }

  /** The step begun last. */
  private ReferenceRun current() {
    open();
    if (begun == 0) {
      throw new IllegalStateException("begin comes first");
    }
    return runs[(int) ((begun - 1) % SETS)];
  }

  private void open() {
    if (closed) {
      throw new IllegalStateException("the step is closed");
    }
    weights.open();
  }

  private interface Work {
    void on(Segment segment);
  }

  private void run(Phase phase, int number, Work work) {
    long began = System.nanoTime();
    work.on(plan.segments().get(number));
    segmentCalls++;
    if (times.capacity() > 0) {
      int segments = plan.segments().size();
      int set = (int) ((begun - 1) % SETS);
      int at = set * StepTimes.longs(1, segments);
      at += (number * Phase.values().length + phase.ordinal()) * 3;
      times.put(at, began).put(at + 1, System.nanoTime()).put(at + 2, 0);
    }
  }

  @Override
  public void forward() {
    ReferenceRun run = current();
    for (int s = 0; s < plan.segments().size(); s++) {
      run(Phase.FORWARD, s, run::forward);
    }
    run.endForward();
  }

  @Override
  public void choose(Choice by, int count, int[] ofClass) {
    current().choose(by, count, ofClass);
  }

  @Override
  public void backward(Place place) {
    ReferenceRun run = current();
    if (!plan.backward()) {
      throw new IllegalStateException("the plan has no backward pass");
    }
    for (int s = plan.segments().size() - 1; s >= 0; s--) {
      run(Phase.BACKWARD, s, run::backward);
    }
    run.endBackward(gradients);
    if (place != Place.WHOLE) {
      accumulate(place);
    }
  }

  private void accumulate(Place place) {
    if (partialSum.isEmpty()) {
      partialSum = Optional.of(own(true, "gradients"));
    }
    HeapParameters sum = partialSum.get();
    for (int p = 0; p < gradients.parameters().size(); p++) {
      float[] whole = gradients.read(p);
      float[] before = place == Place.FIRST ? new float[whole.length] : sum.read(p);
      for (int i = 0; i < whole.length; i++) {
        whole[i] += before[i];
      }
      (place == Place.LAST ? gradients : sum).write(p, whole);
    }
  }

  /** Its steps run on the caller's thread, which would wait for itself. */
  @Override
  public void share(Participants participants, boolean synchroniseBatchNorm) {
    throw new UnsupportedOperationException("the reference steps alone");
  }

  /** Nothing is ever under way when a call returns. */
  @Override
  public void abort() {}

  @Override
  public void update(double learningRate, double divisor, double clipNorm, long step) {
    ReferenceUpdate rule =
        update.orElseThrow(() -> new IllegalStateException("compiled without an update rule"));
    if (!(divisor > 0) || !Double.isFinite(divisor) || !Double.isFinite(learningRate)) {
      throw new IllegalArgumentException(
          "a learning rate of %s, gradients divided by %s".formatted(learningRate, divisor));
    }
    ReferenceRun run = current();
    run.settle(gradients);
    double norm = Math.sqrt(run.squaredNorm()) / divisor;
    double scale = (clipNorm > 0 && norm > clipNorm ? clipNorm / norm : 1) / divisor;
    boolean fine = run.divergence().isEmpty();
    for (int s = 0; s < plan.segments().size(); s++) {
      run(
          Phase.UPDATE,
          s,
          segment -> {
            if (fine) {
              segment.completes().forEach(p -> rule.update(p, learningRate, scale, step));
            }
          });
    }
  }

  @Override
  public double await() {
    open();
    if (begun == 0) {
      return 0;
    }
    awaited = Math.min(awaited + 1, begun);
    ReferenceRun run = runs[set()];
    run.settle(gradients);
    return run.result();
  }

  /** The set of results that the last step awaited has written. */
  private int set() {
    return (int) (Math.max(awaited - 1, 0) % SETS);
  }

  @Override
  public StepRecords records() {
    return records[set()];
  }

  @Override
  public Map<String, ParameterValues> optimizerState() {
    return Collections.unmodifiableMap(states);
  }

  @Override
  public ParameterValues gradients() {
    return gradients;
  }

  @Override
  public long segmentCalls() {
    return segmentCalls;
  }

  /** Forward touches every value of an operation once, backward reads them and their gradients. */
  @Override
  public long trafficPerSample() {
    long floats = 0;
    for (Segment segment : plan.segments()) {
      for (Operation operation : segment.operations()) {
        for (int value : operation.touched()) {
          boolean ofBatch = plan.graph().value(value).ofBatch();
          floats += ofBatch ? 0 : plan.value(value).floats();
        }
      }
    }
    return floats * Float.BYTES * (plan.backward() ? 3 : 1);
  }

  @Override
  public StepTimes measure() {
    int segments = plan.segments().size();
    if (times.capacity() == 0) {
      times = LongBuffer.allocate(SETS * StepTimes.longs(1, segments));
    }
    return new StepTimes(1, segments, times, this::set);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      releases.forEach(Runnable::run);
    }
  }
}
