package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import java.util.List;
import java.util.Optional;

/**
 * Which of a job's workers begin a generation, how long the others are waited for, and what people
 * are told about it. The first generation waits for all, where it is known how many they are.
 */
final class Quorum {
  private final Rules rules;
  private final Deadlines deadlines;
  private long gatherBy; // with those who are ready then
  private long giveUpAt; // the job fails then
  private long sayAt; // who is waited for
  private Optional<String> refused = Optional.empty(); // the last worker that was
  private int losses;
  private String lastLoss = "";

  /** Of a job that has just begun to wait. */
  Quorum(Rules rules, long now) {
    this.rules = rules;
    deadlines = rules.deadlines();
    begin(now);
    gatherBy = rules.workers().isPresent() ? giveUpAt : gatherBy;
    sayAt = now + deadlines.gather();
  }

  /** Another generation is waited for. */
  void begin(long now) {
    giveUpAt = now + rules.joinTimeout();
    gatherBy = Math.min(giveUpAt, now + deadlines.gather());
    sayAt = now + deadlines.suspect();
  }

  /** One has come, and all who are there are new: more may be on their way. */
  void newcomer(long now) {
    gatherBy = Math.max(gatherBy, Math.min(giveUpAt, now + deadlines.gather()));
  }

  /** Whether nobody is waited for any more. */
  boolean gathered(long now) {
    return now >= gatherBy;
  }

  /** Whether it is too late for the job to go on. */
  boolean givenUp(long now) {
    return now >= giveUpAt;
  }

  /** Who begins the next generation now, by rank; nobody if that must wait. */
  List<Worker> members(Roster roster, long now) {
    List<Worker> ready = roster.ready();
    boolean expected = roster.survivors() || roster.size() >= rules.most();
    boolean complete = expected && ready.size() == roster.size();
    boolean enough = lack(roster, now).isEmpty();
    return enough && (complete || gathered(now)) ? ready : List.of();
  }

  /** Why those who are ready are too few, if they are. */
  private Optional<String> lack(Roster roster, long now) {
    int ready = roster.ready().size();
    int live = roster.size() + roster.silent(now);
    if (ready < rules.minWorkers()) {
      return Optional.of(
          "%d of at least %d workers came (--min-workers)".formatted(ready, rules.minWorkers()));
    }
    return rules.allowMinority() || 2 * ready > live
        ? Optional.empty()
        : Optional.of(
            "%d of %d workers came, not more than half (--allow-minority lets them go on)"
                .formatted(ready, live));
  }

  // ---- for people

  /** Now and then, while it may last: who is waited for, and how long. */
  Optional<String> waiting(Roster roster, long now) {
    Optional<String> lack = lack(roster, now);
    if (now < sayAt || lack.isEmpty() && gatherBy < giveUpAt) {
      return Optional.empty();
    }
    sayAt = now + 4 * deadlines.gather();
    int wanted = rules.workers().orElse(rules.minWorkers());
    String who =
        gatherBy == giveUpAt
            ? "%d of %d workers came".formatted(roster.ready().size(), wanted)
            : lack.orElseThrow();
    return Optional.of(
        "%s%s; waits for more, up to %d s (--join-timeout)"
            .formatted(
                who,
                refused.map(name -> ", " + name + " was refused").orElse(""),
                (giveUpAt - now + 999) / 1_000));
  }

  /** Why the job is given up. */
  String failure(Roster roster, long now) {
    return "within %d s (--join-timeout) %s"
        .formatted(rules.joinTimeout() / 1_000, lack(roster, now).orElse("too few came"));
  }

  /** A worker was refused: for the people who run the job, unless it only has to wait or to end. */
  Optional<String> refused(Join join, Refusal refusal) {
    if (refusal.code() == Code.LIMIT || refusal.code() == Code.ENDED) {
      return Optional.empty();
    }
    refused = Optional.of(Worker.name(join.self()));
    return Optional.of("refused %s: %s".formatted(refused.get(), refusal.reason()));
  }

  /** A generation begins. */
  String begun(int generation, int members) {
    boolean all = members >= rules.workers().orElse(members);
    String text = "generation %d: %s".formatted(generation, of(members));
    return all || generation > 1
        ? text
        : text + "; the others did not come in time and may come later (--min-workers)";
  }

  /** A member of a generation is gone. */
  void lost(String reason) {
    losses++;
    lastLoss = reason;
  }

  /** The job ends, if not with all from beginning to end: with whom. */
  Optional<String> farewell(int members) {
    boolean all = losses == 0 && members >= rules.workers().orElse(members);
    String how =
        losses == 0
            ? ""
            : "; a worker was lost %s, last: %s"
                .formatted(losses == 1 ? "once" : losses + " times", lastLoss);
    return all
        ? Optional.empty()
        : Optional.of("the job ends with %s%s".formatted(of(members), how));
  }

  private String of(int members) {
    int wanted = rules.workers().orElse(members);
    String count = members >= wanted ? Integer.toString(members) : members + " of " + wanted;
    return count + (wanted == 1 ? " worker" : " workers");
  }
}
