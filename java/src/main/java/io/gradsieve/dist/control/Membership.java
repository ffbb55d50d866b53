package io.gradsieve.dist.control;

import io.gradsieve.dist.rendezvous.Deadlines;
import io.gradsieve.dist.rendezvous.MemberEvent;
import io.gradsieve.dist.rendezvous.Message;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Reply;
import io.gradsieve.dist.rendezvous.Message.Request;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * A worker's place in its job: one connection to the rendezvous server, opened again when it ends,
 * and a thread of its own that beats and listens.
 */
public final class Membership implements AutoCloseable {
  private Membership() {}

  /**
   * Begins to join; does not wait.
   *
   * @param host name or address of the server; a name is resolved anew for each attempt
   * @param jobId of the handshake, the server's {@code Rules.job}
   * @param join what the worker says of itself
   * @param joinTimeout how long the server may be unreachable
   * @param log for a line now and then
   */
  public static Membership join(
      String host,
      int port,
      String jobId,
      Join join,
      Protection protection,
      Duration joinTimeout,
      Consumer<String> log) {
    throw new UnsupportedOperationException();
  }

  /**
   * Waits until it is in a generation; the same one until {@link #rejoin}, though it has ended.
   *
   * @throws io.gradsieve.GradsieveException.Usage if this worker is not like the others, or has
   *     another token
   * @throws io.gradsieve.GradsieveException.PeerLost if the server can't be reached, too few came,
   *     or the job is over
   */
  public MemberEvent.Ranked ranked() {
    throw new UnsupportedOperationException();
  }

  /**
   * Whom to call at the end of each generation, on the client's thread: be quick. If one has ended
   * already and {@link #rejoin} was not called, it is called at once. The event is Aborted, Fenced,
   * or Refused or Lost if there will be no other generation.
   */
  public void onEnd(Consumer<MemberEvent> listener) {
    throw new UnsupportedOperationException();
  }

  /**
   * All exchange of the generation has stopped: joins the next one as soon as this one has ended.
   */
  public void rejoin() {
    throw new UnsupportedOperationException();
  }

  /** What the next heartbeats tell; cheap. */
  public void progress(Message.Heartbeat heartbeat) {
    throw new UnsupportedOperationException();
  }

  /**
   * Asks for a key, a barrier or a commit, and waits for the answer, which may be a refusal ({@code
   * TIMEOUT}, {@code LIMIT}, {@code BAD_REQUEST}).
   *
   * @throws io.gradsieve.GradsieveException.PeerLost if the generation has ended, or nothing came
   */
  public Reply ask(Request request, Duration longest) {
    throw new UnsupportedOperationException();
  }

  /** Tells the server that this worker waits for another; does not wait. */
  public void suspect(int rank, boolean broken, String reason) {
    throw new UnsupportedOperationException();
  }

  /** Goes for good; waits until the server knows, for a while. */
  public void leave() {
    throw new UnsupportedOperationException();
  }

  /** The job's deadlines, the server's as soon as it has said so. */
  public Deadlines deadlines() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
