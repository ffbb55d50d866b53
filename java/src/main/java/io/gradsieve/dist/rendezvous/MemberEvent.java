package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Peer;
import io.gradsieve.dist.rendezvous.Message.Reply;
import java.util.List;

/** What a {@link Member} tells its owner. */
public sealed interface MemberEvent extends MemberAction {
  /**
   * Is in a generation: load the checkpoint that counts, compare, go.
   *
   * @param peers all members by rank
   * @param committedGeneration whose checkpoint counts; 0 for none
   * @param committedStep of which step it is
   */
  record Ranked(
      int generation, int rank, List<Peer> peers, int committedGeneration, long committedStep)
      implements MemberEvent {
    /** How many members there are. */
    public int world() {
      return peers.size();
    }
  }

  /**
   * The generation has ended: stop exchanging within a second, then {@link Member#rejoin}.
   *
   * @param culprit its rank, or {@link Message.Abort#NOBODY}
   */
  record Aborted(int generation, int culprit, String reason) implements MemberEvent {}

  /** The server was not heard for too long: stop as for {@link Aborted}; others may go on. */
  record Fenced(int generation, String reason) implements MemberEvent {}

  /** The server does not want this worker; it is over. */
  record Refused(Code code, String reason) implements MemberEvent {}

  /** The server can't be reached; it is over. */
  record Lost(String reason) implements MemberEvent {}

  /** The answer to a request: for a commit {@link Message.Committed}, or a refusal. */
  record Answered(long request, Reply reply) implements MemberEvent {}

  /** No answer came in time, or the generation ended before it. */
  record Failed(long request, String reason) implements MemberEvent {}

  /** Has left; it is over. */
  record Left() implements MemberEvent {}
}
