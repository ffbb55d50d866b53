package io.gradsieve.dist.rendezvous;

/** What the {@link Coordinator} wants done, in this order. */
public sealed interface ServerAction {
  /** Send a frame. */
  record Send(long connection, Frame frame) implements ServerAction {}

  /** Close a connection when what was sent has gone out; nothing more is heard of it. */
  record Close(long connection) implements ServerAction {}

  /** A line for the log. */
  record Note(String text) implements ServerAction {}
}
