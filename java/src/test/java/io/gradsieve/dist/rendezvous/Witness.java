package io.gradsieve.dist.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.rendezvous.Message.Abort;
import io.gradsieve.dist.rendezvous.Message.Committed;
import io.gradsieve.dist.rendezvous.Message.Members;
import io.gradsieve.dist.rendezvous.Message.Peer;
import io.gradsieve.dist.rendezvous.Message.Ranked;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Sees everything, and checks what must hold at every moment. */
final class Witness {
  /**
   * An ended generation.
   *
   * @param away milliseconds for which the culprit had had no connection; 0 if it had one
   */
  record Verdict(int generation, long time, Optional<MemberId> culprit, String reason, long away) {
    /** Who has no connection when a generation ends is told the same when it is back. */
    boolean same(Verdict other) {
      return generation == other.generation
          && culprit.equals(other.culprit)
          && reason.equals(other.reason);
    }
  }

  /** Checkpoints written, whether they count or not, by generation and step. */
  final Map<List<Long>, Checkpoint> disk = new HashMap<>();

  final List<Verdict> verdicts = new ArrayList<>();

  private final Map<Integer, List<MemberId>> generations = new TreeMap<>();
  private final Map<MemberId, Long> parted = new HashMap<>(); // since when without a connection
  private int committedGeneration;
  private long committedStep;

  int newest() {
    return generations.isEmpty() ? 0 : ((TreeMap<Integer, ?>) generations).lastKey();
  }

  List<MemberId> members(int generation) {
    return generations.getOrDefault(generation, List.of());
  }

  /** World sizes in the order of the generations. */
  List<Integer> worlds() {
    return generations.values().stream().map(List::size).toList();
  }

  long committedStep() {
    return committedStep;
  }

  /** The server has a connection with this worker. */
  void met(MemberId id) {
    parted.remove(id);
  }

  /** The server saw the connection with this worker end. */
  void parted(MemberId id, long now) {
    parted.put(id, now);
  }

  /** The server has sent a frame. */
  void sent(Frame frame, long now) {
    int generation = frame.generation();
    if (frame.message() instanceof Members page) {
      List<MemberId> ids = page.peers().stream().map(Peer::id).toList();
      assertThat(generations.getOrDefault(generation, ids)).isEqualTo(ids);
      generations.put(generation, ids);
    } else if (frame.message() instanceof Ranked ranked) {
      assertThat(generation).isGreaterThanOrEqualTo(newest());
      assertThat(ranked.committedGeneration()).isEqualTo(committedGeneration);
      assertThat(ranked.committedStep()).isEqualTo(committedStep);
    } else if (frame.message() instanceof Committed committed) {
      commit(generation, committed.step());
    } else if (frame.message() instanceof Abort abort) {
      Optional<MemberId> culprit =
          abort.culprit() == Abort.NOBODY
              ? Optional.empty()
              : Optional.of(members(generation).get(abort.culprit()));
      long away = culprit.map(id -> now - parted.getOrDefault(id, now)).orElse(0L);
      Verdict verdict = new Verdict(generation, now, culprit, abort.reason(), away);
      assertThat(generation).as("the generation that ends").isEqualTo(newest());
      if (verdicts.isEmpty() || verdicts.get(verdicts.size() - 1).generation() != generation) {
        verdicts.add(verdict);
      }
      assertThat(verdicts.get(verdicts.size() - 1))
          .as("one verdict for all")
          .matches(verdict::same);
    }
  }

  private void commit(int generation, long step) {
    assertThat(generation).as("generation of an accepted commit").isEqualTo(newest());
    assertThat(verdicts.stream().map(Verdict::generation)).doesNotContain(generation);
    assertThat(step).as("committed step").isGreaterThanOrEqualTo(committedStep);
    Checkpoint checkpoint = disk.get(List.of((long) generation, step));
    assertThat(checkpoint).as("checkpoint of an accepted commit").isNotNull();
    assertThat(checkpoint.exact()).as("every sample is counted once at step %d", step).isTrue();
    committedGeneration = generation;
    committedStep = step;
  }

  /** A member has entered a generation. */
  void entered(MemberId id, MemberEvent.Ranked ranked) {
    List<MemberId> members = members(ranked.generation());
    assertThat(ranked.world()).as("world").isEqualTo(members.size());
    assertThat(ranked.peers().stream().map(Peer::id)).containsExactlyElementsOf(members);
    assertThat(members.get(ranked.rank())).as("member of rank %d", ranked.rank()).isEqualTo(id);
  }
}
