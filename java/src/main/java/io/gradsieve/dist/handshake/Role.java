package io.gradsieve.dist.handshake;

/** What a client is. The ordinal plus one is on the wire: append only. */
public enum Role {
  /** Trains. */
  WORKER,
  /** Starts and watches the workers of one host. */
  LAUNCH
}
