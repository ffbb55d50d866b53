package io.gradsieve.dist.rendezvous;

import io.gradsieve.RandomBits;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.PriorityQueue;

/** Virtual time in milliseconds: what is to happen, in order, in one thread, from one seed. */
final class Simulation {
  private static final int TOLD = 400; // lines of the story that a failure shows

  private static final int MOST_AT_ONCE = 10_000; // events without a millisecond between them

  private record Event(long time, long number, Runnable what) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      return time == other.time
          ? Long.compare(number, other.number)
          : Long.compare(time, other.time);
    }
  }

  private final RandomBits random;
  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private final Deque<String> story = new ArrayDeque<>();
  private long draws;
  private long numbers;
  private long now;
  private int atOnce;

  Simulation(long seed) {
    random = RandomBits.of(seed, "simulation", 0);
  }

  long now() {
    return now;
  }

  /** What happens so many milliseconds from now. */
  void after(long millis, Runnable what) {
    events.add(new Event(now + Math.max(0, millis), numbers++, what));
  }

  /** Lets everything happen up to a time. */
  void runUntil(long end) {
    while (!events.isEmpty() && events.peek().time() <= end) {
      Event event = events.remove();
      atOnce = event.time() == now ? atOnce + 1 : 0;
      if (atOnce > MOST_AT_ONCE) {
        throw new AssertionError("time stands still at " + now + " ms");
      }
      now = event.time();
      event.what().run();
    }
    now = end;
  }

  /** Uniform in from..to, both included. */
  long draw(long from, long to) {
    return from + random.below(draws++, (int) (to - from + 1));
  }

  boolean chance(double probability) {
    return random.uniform(draws++) < probability;
  }

  /** A stream of its own, for instance a process's jitter. */
  RandomBits stream() {
    return random.at(draws++);
  }

  void tell(String what) {
    story.add("%8.3f %s".formatted(now / 1e3, what));
    if (story.size() > TOLD) {
      story.remove();
    }
  }

  String story() {
    return String.join("\n", story);
  }
}
