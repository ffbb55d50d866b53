package io.gradsieve.dist.handshake;

import java.util.Arrays;
import java.util.Optional;

/**
 * Why a connection is refused. A peer is told only what an honest one can act on; who speaks no
 * Gradsieve gets no answer.
 */
public enum Refusal {
  NOT_GRADSIEVE(0, "does not speak Gradsieve's protocol: check host and port"),
  OTHER_VERSION(1, "speaks another version of the protocol: run the same engine.jar everywhere"),
  OTHER_JOB(2, "belongs to another job: give each job an address of its own"),
  OTHER_PURPOSE(3, "means another kind of connection: check host and port"),
  OTHER_MEMBER(4, "means another rank: its list of addresses is old"),
  WRONG_TOKEN(5, "has another token: give both sides the same --token-file"),
  TOO_MANY(6, "is one of too many that are not authenticated yet: try again later"),
  TOO_MANY_OF_ADDRESS(7, "is one of too many of its address that are not authenticated yet"),
  TOO_MANY_BYTES(8, "would hold more memory than all that are not authenticated may"),
  TOO_SLOW(9, "was not authenticated in time: check the network and the load of both hosts"),
  MALFORMED(0, "sent a frame that breaks the protocol"),
  TOO_LONG(0, "announced a frame longer than any before authentication"),
  CLOSED(0, "closed the connection before it was authenticated"),
  BAD_SEAL(0, "sent a frame whose seal is wrong: changed, repeated or out of order"),
  BAD_FRAME(0, "sent a frame that breaks the protocol after it was authenticated: closed"),
  NO_CERTIFICATE(
      0, "proved nothing by TLS: give both sides certificates of the same --tls-ca, or none");

  /** On the wire; 0 where the peer is not told. */
  private final int code;

  private final String text;

  Refusal(int code, String text) {
    this.code = code;
    this.text = text;
  }

  int code() {
    return code;
  }

  boolean isTold() {
    return code > 0;
  }

  /** Of a peer, what it does and what to do: the rest of a line that names it. */
  public String text() {
    return text;
  }

  static Optional<Refusal> of(int code) {
    return Arrays.stream(values()).filter(each -> each.isTold() && each.code == code).findFirst();
  }
}
