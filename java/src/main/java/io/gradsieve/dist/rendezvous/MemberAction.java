package io.gradsieve.dist.rendezvous;

/**
 * What a {@link Member} wants done, in this order: about its one connection, or, as a {@link
 * MemberEvent}, by its owner.
 */
public sealed interface MemberAction permits MemberAction.Link, MemberEvent {
  /** What a connection is to do. */
  sealed interface Link extends MemberAction {}

  /** Open a connection to the server; {@link Member#connected} or {@code disconnected} follows. */
  record Connect() implements Link {}

  /** Send a frame. */
  record Send(Frame frame) implements Link {}

  /** Close the connection, or stop opening it; nothing more is heard of it. */
  record Disconnect() implements Link {}
}
