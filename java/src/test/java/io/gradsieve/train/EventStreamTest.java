package io.gradsieve.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.config.TrainingConfig;
import io.gradsieve.run.TrainingRun;
import io.gradsieve.train.TrainingEvent.CheckpointSaved;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import io.gradsieve.train.TrainingEvent.EpochStarted;
import io.gradsieve.train.TrainingEvent.Evaluated;
import io.gradsieve.train.TrainingEvent.FilterLearned;
import io.gradsieve.train.TrainingEvent.Interrupted;
import io.gradsieve.train.TrainingEvent.Rescored;
import io.gradsieve.train.TrainingEvent.RunFinished;
import io.gradsieve.train.TrainingEvent.RunStarted;
import io.gradsieve.train.TrainingEvent.StepFinished;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A reader on another thread, while a run or something faster writes. */
@Timeout(60)
class EventStreamTest {
  private static final Duration LONG = Duration.ofSeconds(20);

  /** All events of a run; those behind the first so many only when {@code awake} is open. */
  private static List<TrainingEvent> read(EventStream stream, int first, CountDownLatch awake)
      throws InterruptedException {
    List<TrainingEvent> events = new ArrayList<>();
    do {
      events.add(stream.next(LONG).orElseThrow());
      if (events.size() == first) {
        assertThat(awake.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
      }
    } while (!(events.get(events.size() - 1) instanceof RunFinished));
    return events;
  }

  /** A reader that sleeps after so many events until the run is over. */
  private static List<TrainingEvent> readWhileTraining(EventStream stream, int first)
      throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      Future<List<TrainingEvent>> events = other.submit(() -> read(stream, first, over));
      TrainingRun.of(
              TrainingConfig.of("data=digits", "epochs=3", "batch-size=8", "threads=1"), stream)
          .run();
      over.countDown();
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

  /** Sixteen places, and a reader that sleeps early: most steps are gone before it looks again. */
  @Test
  void aSlowReaderMissesNothingButStepsWhichAreCounted() throws Exception {
    EventStream stream = new EventStream(16);
    List<TrainingEvent> events = readWhileTraining(stream, 5);
    assertThat(events).isSortedAccordingTo((a, b) -> Long.compare(a.number(), b.number()));
    assertThat(events).doesNotHaveDuplicates();
    List<StepFinished> steps = steps(events);
    assertThat(stream.dropped()).isPositive();
    assertThat(steps.size() + stream.dropped()).isEqualTo(3 * 180);
    assertThat(events.size() - steps.size()).isEqualTo(1 + 3 * 3 + 1);
  }

  /** Hears everything on the loop's thread. */
  private static final class Heard implements TrainingListener {
    private final List<TrainingEvent> events = new ArrayList<>();

    @Override
    public void runStarted(RunStarted event) {
      events.add(event);
    }

    @Override
    public void filterLearned(FilterLearned event) {
      events.add(event);
    }

    @Override
    public void epochStarted(EpochStarted event) {
      events.add(event);
    }

    @Override
    public void stepFinished(StepValues step) {
      events.add(step.copy());
    }

    @Override
    public void rescored(Rescored event) {
      events.add(event);
    }

    @Override
    public void evaluated(Evaluated event) {
      events.add(event);
    }

    @Override
    public void epochFinished(EpochFinished event) {
      events.add(event);
    }

    @Override
    public void checkpointSaved(CheckpointSaved event) {
      events.add(event);
    }

    @Override
    public void interrupted(Interrupted event) {
      events.add(event);
    }

    @Override
    public void runFinished(RunFinished event) {
      events.add(event);
    }
  }

  @Test
  void everyKindOfEventIsHeardHereAndThere(@TempDir Path directory) throws Exception {
    Set<Class<?>> kinds = new HashSet<>();
    for (String sieve : List.of("learned", "hide")) {
      StopRequest stop = new StopRequest();
      EventStream stream = new EventStream();
      Heard heard = new Heard();
      TrainingListener stopping =
          new TrainingListener() {
            @Override
            public void stepFinished(StepValues step) {
              if (step.epoch() == 4) {
                stop.stop(15);
              }
            }
          };
      TrainingConfig config =
          TrainingConfig.of(
              "data=digits",
              "epochs=5",
              "threads=1",
              "sieve=" + sieve,
              "out=" + directory.resolve(sieve));
      TrainingRun.of(config, List.of(stream, heard, stopping), stop, note -> {}).run();
      assertThat(read(stream, Integer.MAX_VALUE, new CountDownLatch(0))).isEqualTo(heard.events);
      heard.events.forEach(event -> kinds.add(event.getClass()));
    }
    List<Class<?>> all = new ArrayList<>(List.of(TrainingEvent.class.getPermittedSubclasses()));
    all.remove(TrainingEvent.Warning.class); // no policy of today chooses nothing
    assertThat(kinds).containsExactlyInAnyOrderElementsOf(all);
  }

  private static StepFinished step(int n) {
    return new StepFinished(n, n, n, n, n, n, n, n, n, n, n, n);
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
                stream.stepFinished(step(n));
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
      assertThat(step).isEqualTo(step((int) n));
      last = n;
      seen++;
    }
    writer.join();
    assertThat(seen + stream.dropped()).isEqualTo(written);
  }
}
