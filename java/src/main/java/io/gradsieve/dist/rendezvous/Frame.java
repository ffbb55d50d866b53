package io.gradsieve.dist.rendezvous;

/**
 * A message on its way.
 *
 * @param request what the sender of a request calls it, from 1 on; its reply has the same; 0 for
 *     what nobody asked for, so that replies can't be mismatched
 * @param generation the generation it belongs to; 0 before the first
 */
public record Frame(long request, int generation, Message message) {
  /**
   * A frame.
   *
   * @throws IllegalArgumentException if a request or its reply has no id, a push has one, or a
   *     number is negative
   */
  public Frame {
    Limits.notNegative("request id", request);
    Limits.notNegative("generation", generation);
    boolean numbered = request > 0;
    if (message instanceof Message.Push == numbered && !(message instanceof Message.Refusal)) {
      throw new IllegalArgumentException(
          numbered ? "a push with a request id" : "a request or reply without a request id");
    }
  }
}
