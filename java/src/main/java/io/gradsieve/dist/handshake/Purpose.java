package io.gradsieve.dist.handshake;

/** What a connection is for. The ordinal plus one is on the wire: append only. */
public enum Purpose {
  /** Frames of the rendezvous. */
  CONTROL,
  /** Gradients from one rank to the next. */
  RING
}
