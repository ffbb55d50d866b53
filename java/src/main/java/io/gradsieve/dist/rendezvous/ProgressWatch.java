package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Heartbeat;
import io.gradsieve.dist.rendezvous.Message.Phase;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Whether a generation moves, and whom to blame if not, though nobody is dead yet: the silent one,
 * else the one for whom more than half of the others wait, else, since in a ring everyone waits for
 * a neighbour, the one with the least progress; of equals the lowest rank.
 */
final class ProgressWatch {
  private static final long NEVER = Long.MAX_VALUE;

  private final Deadlines deadlines;
  private long movedAt;
  private long accusedAt = NEVER;
  private String accusation = ""; // the last one of a link that broke

  ProgressWatch(Deadlines deadlines) {
    this.deadlines = deadlines;
  }

  /** A generation begins. */
  void begin(long now) {
    movedAt = now;
    accusedAt = NEVER;
  }

  void forgive(long millis) {
    movedAt += millis;
  }

  void hear(Worker worker, Heartbeat heartbeat, long now) {
    if (!heartbeat.equals(worker.progress)) {
      worker.progress = heartbeat;
      movedAt = now;
    }
  }

  /**
   * Someone waits for another; if in vain, a verdict is due, whether bytes move elsewhere or not.
   *
   * @param line says so
   * @return whether this is the first time that it waits in vain
   */
  boolean accuse(Worker accuser, Worker accused, boolean broken, String line, long now) {
    boolean news = broken && accused.accusers.getOrDefault(accuser.self.id(), now) != NEVER;
    accused.accusers.merge(accuser.self.id(), broken ? NEVER : now, Math::max);
    accusedAt = broken ? Math.min(accusedAt, now) : accusedAt;
    accusation = broken ? line : accusation;
    return news;
  }

  /** Why the generation can't go on; empty while it can. */
  Optional<String> standstill(List<Worker> members, long now) {
    if (now - movedAt >= patience(members)) {
      return Optional.of("nothing has moved for " + Worker.seconds(now - movedAt));
    }
    boolean due = accusedAt != NEVER && now - accusedAt >= deadlines.suspect();
    return due ? Optional.of("others can't go on, " + accusation) : Optional.empty();
  }

  /** When {@link #standstill} will have a reason unless something moves before. */
  long due(List<Worker> members) {
    long accused = accusedAt == NEVER ? NEVER : accusedAt + deadlines.suspect();
    return Math.min(movedAt + patience(members), accused);
  }

  /** Who computes or saves moves no bytes, and the others wait for it: that may take long. */
  private long patience(List<Worker> members) {
    boolean exchanging = members.stream().allMatch(w -> w.progress.phase() == Phase.REDUCING);
    return exchanging ? deadlines.noProgress() : deadlines.operation();
  }

  /** The culprit among the members of a generation, at least one. */
  Worker culprit(List<Worker> members, long now) {
    return members.stream()
        .min(
            Comparator.comparingLong((Worker worker) -> silentSince(worker, now))
                .thenComparing(worker -> 2 * accusers(worker) <= members.size() - 1)
                .thenComparing(worker -> worker.progress, ProgressWatch::less)
                .thenComparing(Comparator.comparingLong(this::accusers).reversed())
                .thenComparingInt(worker -> worker.rank))
        .orElseThrow();
  }

  private long silentSince(Worker worker, long now) {
    return worker.suspect(now, deadlines) ? worker.heard : NEVER;
  }

  /** How many wait for it since all stand still, or in vain. */
  private long accusers(Worker worker) {
    return worker.accusers.values().stream().filter(time -> time >= movedAt).count();
  }

  private static int less(Heartbeat one, Heartbeat other) {
    return Comparator.comparingLong(Heartbeat::step)
        .thenComparing(Heartbeat::phase, Comparator.comparing(phase -> phase == Phase.REDUCING))
        .thenComparingInt(Heartbeat::bucket)
        .thenComparingLong(heartbeat -> heartbeat.bytesIn() + heartbeat.bytesOut())
        .compare(one, other);
  }
}
