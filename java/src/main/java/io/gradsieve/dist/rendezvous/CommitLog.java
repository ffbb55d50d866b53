package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Committed;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Message.Reply;

/** Which checkpoint counts. Steps only grow; the last one asked for again is accepted again. */
final class CommitLog {
  private int generation;
  private long step;

  /** Of the last checkpoint; 0 before the first. */
  int generation() {
    return generation;
  }

  long step() {
    return step;
  }

  /** The answer to a member of the current generation. */
  Reply commit(int rank, int current, long newStep) {
    if (rank != 0) {
      return new Refusal(Code.BAD_REQUEST, "only rank 0 commits");
    }
    boolean again = generation == current && step == newStep;
    if (generation > 0 && newStep <= step && !again) {
      String reason = "step %d is not after step %d".formatted(newStep, step);
      return new Refusal(Code.BAD_REQUEST, reason);
    }
    generation = current;
    step = newStep;
    return new Committed(newStep);
  }
}
