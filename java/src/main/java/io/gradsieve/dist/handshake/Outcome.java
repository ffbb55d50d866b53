package io.gradsieve.dist.handshake;

/** How far a handshake is. */
public sealed interface Outcome {
  /** Not decided: send the output, wait for bytes or the deadline. */
  record Waiting() implements Outcome {}

  /**
   * Both sides know the token. What follows in the input are sealed frames.
   *
   * @param client what the client said of itself, proved
   * @param seal this side's
   */
  record Done(Introduction client, FrameSeal seal) implements Outcome {}

  /**
   * Over: send the output, close.
   *
   * @param told whether the other side said so; it may be anybody, so this is a hint
   */
  record Failed(Refusal refusal, boolean told) implements Outcome {}
}
