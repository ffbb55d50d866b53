package io.gradsieve.dist.handshake;

/** Ends a handshake from wherever its bytes are read; never leaves the package. */
final class Refused extends Exception {
  private static final long serialVersionUID = 1L;

  private final Refusal cause;

  Refused(Refusal cause) {
    // no stack: a flood of bad peers must stay cheap
    super(cause.text(), null, false, false);
    this.cause = cause;
  }

  Refusal refusal() {
    return cause;
  }
}
