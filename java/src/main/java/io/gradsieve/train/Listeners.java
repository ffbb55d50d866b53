package io.gradsieve.train;

import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.LongFunction;

/** All who follow a run, told in their order; numbers the events. */
final class Listeners {
  private final List<TrainingListener> listeners;
  private final LastStep step;
  private long events;

  Listeners(List<TrainingListener> listeners, TrainingState state) {
    this.listeners = List.copyOf(listeners);
    step = new LastStep(state);
  }

  /** Tells all of an event, which is made with its number. */
  <E extends TrainingEvent> void tell(
      BiConsumer<TrainingListener, E> how, LongFunction<E> numbered) {
    E event = numbered.apply(events++);
    listeners.forEach(listener -> how.accept(listener, event));
  }

  // without iterators: the two below must not allocate

  void microBatchFinished(int samples) {
    for (int i = 0; i < listeners.size(); i++) {
      listeners.get(i).microBatchFinished(samples);
    }
  }

  /** The state's step is done. */
  void stepFinished() {
    step.setNumber(events++);
    for (int i = 0; i < listeners.size(); i++) {
      listeners.get(i).stepFinished(step);
    }
  }
}
