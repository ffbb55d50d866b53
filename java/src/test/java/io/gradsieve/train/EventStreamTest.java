package io.gradsieve.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.config.TrainingConfig;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import io.gradsieve.train.TrainingEvent.EpochStarted;
import io.gradsieve.train.TrainingEvent.RunFinished;
import io.gradsieve.train.TrainingEvent.RunStarted;
import io.gradsieve.train.TrainingEvent.StepFinished;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A reader on another thread, while a run or something faster writes. */
@Timeout(60)
class EventStreamTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final long NAP_NANOS = 2_000_000;

  /** All events of a run, with a nap after each {@code every} of them. */
  private static List<TrainingEvent> read(EventStream stream, int every)
      throws InterruptedException {
    List<TrainingEvent> events = new ArrayList<>();
    do {
      events.add(stream.next(LONG).orElseThrow());
      if (events.size() % every == 0) {
        LockSupport.parkNanos(NAP_NANOS);
      }
    } while (!(events.get(events.size() - 1) instanceof RunFinished));
    return events;
  }

  private static List<TrainingEvent> readWhileTraining(EventStream stream, int every)
      throws Exception {
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      Future<List<TrainingEvent>> events = other.submit(() -> read(stream, every));
      TrainingRun.of(
              TrainingConfig.of("data=digits", "epochs=3", "batch-size=8", "threads=1"), stream)
          .run();
      return events.get();
    } finally {
      other.shutdownNow();
    }
  }

  private static List<StepFinished> steps(List<TrainingEvent> events) {
    return events.stream()
        .filter(StepFinished.class::isInstance)
        .map(StepFinished.class::cast)
        .toList();
  }

  @Test
  void aReaderOnAnotherThreadGetsEveryEventInOrder() throws Exception {
    EventStream stream = new EventStream();
    List<TrainingEvent> events = readWhileTraining(stream, Integer.MAX_VALUE);
    assertThat(stream.dropped()).isZero();
    for (int i = 0; i < events.size(); i++) {
      assertThat(events.get(i).number()).isEqualTo(i);
    }
    RunStarted started = (RunStarted) events.get(0);
    EpochStarted first = (EpochStarted) events.get(1);
    List<StepFinished> steps = steps(events);
    assertThat(started.samples()).isEqualTo(1438);
    assertThat(first.steps()).isEqualTo(180);
    assertThat(steps).hasSize(3 * first.steps());
    for (int i = 0; i < steps.size(); i++) {
      assertThat(steps.get(i).epoch()).isEqualTo(1 + i / first.steps());
      assertThat(steps.get(i).step()).isEqualTo(1 + i % first.steps());
    }
    EpochFinished last = (EpochFinished) events.get(events.size() - 2);
    StepFinished end = steps.get(steps.size() - 1);
    assertThat(last.metrics().trainLoss()).isEqualTo(end.meanLoss());
    assertThat(last.metrics().samplesKept()).isEqualTo(end.kept()).isEqualTo(end.done());
    assertThat(stream.next(Duration.ZERO)).isEmpty();
  }

  /** Sixteen places, and a nap every hundredth event: most steps are gone before it looks. */
  @Test
  void aSlowReaderMissesNothingButStepsWhichAreCounted() throws Exception {
    EventStream stream = new EventStream(16);
    List<TrainingEvent> events = readWhileTraining(stream, 5);
    assertThat(events).isSortedAccordingTo((a, b) -> Long.compare(a.number(), b.number()));
    assertThat(events).doesNotHaveDuplicates();
    List<StepFinished> steps = steps(events);
    assertThat(stream.dropped()).isPositive();
    assertThat(steps.size() + stream.dropped()).isEqualTo(3 * 180);
    assertThat(events.size() - steps.size()).isEqualTo(1 + 3 * 2 + 1);
  }

  /** All values of a step are its number, and they stay so however often it is overwritten. */
  @Test
  void nothingIsTornWhereTheWriterIsMuchFaster() throws Exception {
    int written = 2_000_000;
    EventStream stream = new EventStream(4);
    Thread writer =
        new Thread(
            () -> {
              for (int n = 0; n < written; n++) {
                stream.put(n, n, n, n, n, n, n, n, n);
              }
            });
    writer.start();
    long seen = 0;
    long last = -1;
    while (last < written - 1) {
      Optional<TrainingEvent> event = stream.next(LONG);
      StepFinished step = (StepFinished) event.orElseThrow();
      long n = step.number();
      assertThat(n).isGreaterThan(last);
      int i = (int) n;
      assertThat(step).isEqualTo(new StepFinished(n, i, i, i, n, n, n, n, n, n));
      last = n;
      seen++;
    }
    writer.join();
    assertThat(seen + stream.dropped()).isEqualTo(written);
  }
}
