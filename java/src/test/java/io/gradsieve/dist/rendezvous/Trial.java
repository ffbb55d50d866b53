package io.gradsieve.dist.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.dist.rendezvous.Cluster.Settings;
import io.gradsieve.dist.rendezvous.Fault.Kind;
import io.gradsieve.dist.rendezvous.Witness.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A job of one seed: with one fault, of which the verdict must name the right one in time, or with
 * several at once, after which the job must go on, and all of it must count once.
 */
final class Trial {
  private static final long FIRST_FAULT = 70;
  private static final long LAST_FAULT = 20_000; // the job takes about as long
  private static final long VERDICT = 15_000;
  private static final long HEARTBEATS = 2_000; // what nobody's silence shows is told by heartbeats
  private static final long RETURN = 1_500; // the first pause, a connection, some loss
  private static final long LIMIT = 3_600_000;

  /** Far from the deadlines, on both sides. */
  private static final List<Long> SHORT = List.of(1_000L, 3_000L);

  private static final List<Long> LONG = List.of(14_000L, 40_000L);

  private final RandomBits random;
  private final List<Fault> faults = new ArrayList<>();
  private final Cluster cluster;
  private long draws;

  private Trial(long seed) {
    random = RandomBits.of(seed, "trial", 0);
    Settings settings = Settings.of(2 + draw(5));
    settings = draw(3) == 0 ? settings.minority() : settings;
    settings = draw(5) == 0 ? settings.slow() : settings;
    settings = draw(4) == 0 ? settings.unsteady() : settings;
    int count = draw(2) == 0 ? 1 : 2 + draw(4);
    for (int i = 0; i < count; i++) {
      faults.add(fault(settings.workers(), count == 1));
    }
    cluster = new Cluster(settings, seed).startAll();
  }

  /**
   * Runs the job of a seed.
   *
   * @throws AssertionError with the seed and the story if something is not as it must be
   */
  static void run(long seed) {
    Trial trial = new Trial(seed);
    try {
      trial.run();
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(
          "repeat with -Dseed=%d -Dgradsieve.simulation.seeds=1: %s, %s%n%s"
              .formatted(
                  seed, trial.cluster.settings, trial.faults, trial.cluster.simulation.story()),
          e);
    }
  }

  private int draw(int bound) {
    return random.below(draws++, bound);
  }

  private Fault fault(int workers, boolean alone) {
    Kind kind = Kind.values()[draw(Kind.values().length)];
    boolean server = kind == Kind.STOP && draw(4) == 0;
    List<Long> times = draw(2) == 0 ? SHORT : LONG;
    long lasts = times.get(draw(times.size()));
    boolean forEver = alone && (kind == Kind.CRASH || kind == Kind.PARTITION) && draw(2) == 0;
    return new Fault(
        kind,
        server ? 0 : 1 + draw(workers),
        FIRST_FAULT + draw((int) (LAST_FAULT - FIRST_FAULT)),
        forEver ? 0 : lasts);
  }

  private void run() {
    boolean alone = faults.size() == 1;
    faults.forEach(fault -> fault.arrange(cluster));
    Optional<MemberId> victim = Optional.empty();
    int generation = 0;
    if (alone) {
      Fault fault = faults.get(0);
      cluster.until(() -> false, fault.at() - 1);
      generation = cluster.witness.newest();
      boolean running = cluster.server.coordinator.stage() == Stage.RUNNING;
      victim = Optional.of(fault.host()).filter(h -> h > 0 && running).map(h -> cluster.at(h).id);
    }
    assertThat(cluster.until(cluster::over, LIMIT)).as("all come to an end").isTrue();
    if (!halved()) {
      assertThat(cluster.trained()).as("the job was trained").isTrue();
    } else if (cluster.settings.flaky() == 0) { // else its connection may have ended: it is gone
      // the last commit may have counted before the cut: trained or not, nothing comes after it
      int last = cluster.witness.verdicts.get(0).generation();
      assertThat(cluster.witness.newest()).as("the newest, not of half of the job").isEqualTo(last);
    }
    if (alone) {
      judge(faults.get(0), generation, victim);
    } else {
      innocent();
    }
  }

  /** Half of the workers are beyond a cut that stays: the other may not go on without them. */
  private boolean halved() {
    Fault first = faults.get(0);
    return cluster.settings.workers() == 2
        && !cluster.settings.allowMinority()
        && first.kind() == Kind.PARTITION
        && first.lasts() == 0
        && !cluster.witness.verdicts.isEmpty();
  }

  private void judge(Fault fault, int generation, Optional<MemberId> victim) {
    List<Verdict> verdicts = cluster.witness.verdicts;
    boolean brief = fault.lasts() > 0 && fault.lasts() <= 3_000 && fault.kind() != Kind.CRASH;
    if (brief && !verdicts.isEmpty() && verdicts.get(0).away() > 0) {
      away(fault, verdicts);
    } else if (brief || fault.kind() == Kind.RESET) {
      assertThat(verdicts).as("verdicts over what heals by itself").isEmpty();
    } else if (fault.host() == 0) {
      assertThat(verdicts).as("verdicts while the server was stopped").allMatch(this::ofNobody);
    } else if (victim.isPresent() && (fault.kind() != Kind.UNLINK || fairLink())) {
      Optional<Verdict> verdict =
          verdicts.stream().filter(v -> v.generation() == generation).findFirst();
      long inFlight = cluster.settings.loss() > 0 ? 3_000 : 0; // lost, and sent again
      long late = fault.kind() == Kind.UNLINK ? HEARTBEATS + inFlight : 0;
      verdict.ifPresentOrElse(
          v -> {
            assertThat(v.culprit()).as("culprit").isEqualTo(victim);
            assertThat(v.time()).isLessThanOrEqualTo(fault.at() + VERDICT + late);
          },
          // it was done before anybody could miss it
          () -> assertThat(cluster.witness.newest()).isEqualTo(generation));
    }
  }

  /**
   * Its connection had broken just before it was stopped or cut off, and it could not come back:
   * the server can't tell it from a crash and need not wait for longer than it says. But all that
   * must be so: it had no connection for that long, and hardly any time to make a new one.
   */
  private void away(Fault fault, List<Verdict> verdicts) {
    Verdict first = verdicts.get(0);
    long from = Math.max(first.time() - first.away(), fault.at());
    long hindered = Math.min(first.time(), fault.at() + fault.lasts()) - from;
    assertThat(cluster.settings.flaky()).as("connections that break").isPositive();
    assertThat(first.culprit().map(MemberId::high)).as("culprit").contains((long) fault.host());
    assertThat(first.away()).isGreaterThanOrEqualTo(cluster.settings.deadlines().reconnect());
    assertThat(first.away() - hindered).as("time to come back").isLessThan(RETURN);
    assertThat(verdicts.stream().skip(1)).as("later verdicts").allMatch(this::ofNobody);
  }

  /** With two workers nobody can tell whose link it is. */
  private boolean fairLink() {
    return cluster.settings.workers() > 2;
  }

  private boolean ofNobody(Verdict verdict) {
    return verdict.culprit().isEmpty();
  }

  /** Whoever nothing happened to is not blamed, where silence tells. */
  private void innocent() {
    boolean clear =
        faults.stream().noneMatch(fault -> fault.host() == 0 || fault.kind() == Kind.UNLINK);
    if (clear) {
      assertThat(cluster.witness.verdicts.stream().flatMap(v -> v.culprit().stream()))
          .as("culprits")
          .allMatch(id -> faults.stream().anyMatch(fault -> fault.host() == id.high()));
    }
  }
}
