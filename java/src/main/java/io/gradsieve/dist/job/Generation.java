package io.gradsieve.dist.job;

import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.dist.Collective;
import io.gradsieve.dist.GradientPath;
import io.gradsieve.dist.control.Membership;
import io.gradsieve.dist.rendezvous.MemberEvent.Ranked;
import io.gradsieve.dist.rendezvous.Message;
import io.gradsieve.dist.rendezvous.Message.Barrier;
import io.gradsieve.dist.rendezvous.Message.Commit;
import io.gradsieve.dist.rendezvous.Message.Committed;
import io.gradsieve.dist.rendezvous.Message.Done;
import io.gradsieve.dist.rendezvous.Message.GetKey;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Message.Reply;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** One generation of a job's workers, and what they do together in it. */
public final class Generation implements AutoCloseable {
  /** Asked for only to hear whether the generation is still the server's. */
  private static final String PULSE = "pulse";

  /** From the lowest on. */
  private static final List<String> INSTRUCTION_SETS = List.of("baseline", "avx2", "avx512");

  private final Membership membership;
  private final Ranked place;
  private final Gathering gathering;
  private final Verdict verdict;

  Generation(Membership membership, Ranked place, Gathering gathering, Verdict verdict) {
    this.membership = membership;
    this.place = place;
    this.gathering = gathering;
    this.verdict = verdict;
  }

  /** The server's number, from 1. */
  public int number() {
    return place.generation();
  }

  /** What its workers exchange by; closed with this. */
  public Collective collective() {
    return gathering.collective();
  }

  /** Where its gradients lie, and what adds them. */
  public GradientPath gradients() {
    return gathering.path();
  }

  /**
   * The lowest instruction set that its workers have, by which all then compute the same bits;
   * empty where one computes elsewhere than on its processor.
   */
  public Optional<String> instructionSet() {
    List<String> of = place.peers().stream().map(Message.Peer::instructionSet).toList();
    return of.contains("")
        ? Optional.empty()
        : of.stream().min(Comparator.comparingInt(INSTRUCTION_SETS::indexOf));
  }

  /** Whether the server has ended it. */
  public boolean isOver() {
    return verdict.isGiven();
  }

  /** Whose checkpoint was the last that counted when it began; 0 for none. */
  public int acceptedGeneration() {
    return place.committedGeneration();
  }

  /** The optimizer steps of that checkpoint. */
  public long acceptedStep() {
    return place.committedStep();
  }

  /**
   * Hears from the server that the generation goes on.
   *
   * @throws PeerLost if it has ended, or nothing is heard
   */
  public void check() {
    expect(membership.ask(new GetKey(PULSE), brief()), Reply.class, "go on");
  }

  /**
   * Asks whether the checkpoint of a step counts.
   *
   * @throws PeerLost if it does not, as the generation has ended
   */
  public void commit(long step) {
    expect(membership.ask(new Commit(step), brief()), Committed.class, "keep its checkpoint");
  }

  /**
   * At the end of the job: waits until all are there, then goes for good.
   *
   * @throws PeerLost if one is lost before
   */
  public void farewell() {
    Duration longest = Duration.ofMillis(membership.deadlines().operation());
    Barrier exit = new Barrier(Barrier.EXIT, (int) longest.toMillis());
    expect(membership.ask(exit, longest.plus(brief())), Done.class, "end together");
    membership.leave();
  }

  private Duration brief() {
    return Duration.ofMillis(membership.deadlines().dead());
  }

  private void expect(Reply reply, Class<? extends Reply> wanted, String what) {
    if (reply instanceof Refusal refusal) {
      throw new PeerLost(
          "rank %d of generation %d may not %s: %s"
              .formatted(place.rank(), number(), what, refusal.reason()));
    }
    if (!wanted.isInstance(reply)) {
      throw new IllegalStateException("the server answered with " + reply);
    }
  }

  /**
   * Waits, after an exchange failed, for what the server says, who knows more than a neighbour.
   *
   * @return why the generation has ended; empty if the server says nothing for too long
   */
  Optional<String> verdict() {
    return verdict.await(Duration.ofMillis(2L * membership.deadlines().failureTimeout()));
  }

  @Override
  public void close() {
    gathering.close();
  }
}
