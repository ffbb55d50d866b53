package io.gradsieve.train;

import io.gradsieve.config.TrainingConfig;
import io.gradsieve.dist.Activity;
import io.gradsieve.dist.GradientPath;
import io.gradsieve.dist.ring.Ring;
import io.gradsieve.dist.ring.Rings;
import io.gradsieve.filter.FilterTraining;
import io.gradsieve.run.Preparation;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.IntFunction;

/** A training by several workers, each on a thread of this process, over a ring. */
final class Crew {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private Crew() {}

  /** What a worker has at its end. */
  record End(Position position, TrainingResult result, byte[] weights, List<float[]> running) {}

  /** Trains from a position, with listeners and a request to stop of each rank's own. */
  static List<End> train(
      int world,
      TrainingConfig config,
      Function<TrainingSession, Position> from,
      IntFunction<StopRequest> stops,
      Function<StopRequest, List<TrainingListener>> listeners)
      throws IOException, InterruptedException, ExecutionException, TimeoutException {
    List<Ring> rings = Rings.tcp(world, PATIENCE);
    ExecutorService threads = Executors.newFixedThreadPool(world);
    try {
      List<Future<End>> ends = new ArrayList<>();
      for (Ring ring : rings) {
        StopRequest stop = stops.apply(ring.rank());
        Workers workers = Workers.of(ring, GradientPath.PLAIN, new Activity(), stop, () -> false);
        ends.add(threads.submit(() -> worker(workers, config, from, listeners.apply(stop))));
      }
      List<End> all = new ArrayList<>();
      for (Future<End> end : ends) {
        all.add(end.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
      }
      return all;
    } finally {
      rings.forEach(Ring::close);
      threads.shutdownNow();
    }
  }

  /** From the start to the end. */
  static List<End> train(int world, TrainingConfig config)
      throws IOException, InterruptedException, ExecutionException, TimeoutException {
    return train(
        world,
        config,
        session -> Position.start(session.config(), session.data()),
        rank -> new StopRequest(),
        stop -> List.of());
  }

  private static End worker(
      Workers workers,
      TrainingConfig config,
      Function<TrainingSession, Position> from,
      List<TrainingListener> listeners) {
    try (TrainingSession session = TrainingSession.open(Preparation.of(config), workers)) {
      Trainer trainer =
          new Trainer(
              session,
              from.apply(session),
              Optional.of(new FilterTraining(config, session.backend())),
              Recorder.NONE,
              listeners);
      TrainingResult result = trainer.run();
      return new End(
          trainer.position(),
          result,
          session.network().parameters().hash(),
          session.network().parameters().running());
    }
  }
}
