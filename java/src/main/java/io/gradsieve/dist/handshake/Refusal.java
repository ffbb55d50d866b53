package io.gradsieve.dist.handshake;

import java.util.Arrays;
import java.util.Optional;

/**
 * Why a connection is refused. A peer is told only what an honest one can act on; who speaks no
 * Gradsieve gets no answer, but who speaks TLS: that can be a member that was started so.
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
  TOO_SLOW(
      9,
      "was not authenticated in time: check the network, the load of both hosts, and that no other program listens there"),
  MALFORMED(0, "sent a frame that breaks the protocol"),
  TOO_LONG(0, "announced a frame longer than any before authentication"),
  CLOSED(0, "closed the connection before it was authenticated"),
  BAD_SEAL(0, "sent a frame whose seal is wrong: changed, repeated or out of order"),
  BAD_FRAME(0, "sent a frame that breaks the protocol after it was authenticated: closed"),
  ONLY_TLS(
      10,
      "speaks TLS, but this side does not: check host and port, and give both sides --tls-cert, --tls-key and --tls-ca, or neither"),
  NO_TLS(
      0,
      "speaks no TLS, but this side does: check host and port, and give both sides --tls-cert, --tls-key and --tls-ca, or neither"),
  OTHER_AUTHORITY(
      0,
      "has no certificate of this side's --tls-ca: let one authority issue all certificates, and give all sides that --tls-ca"),
  OLD_CERTIFICATE(
      0,
      "has a certificate that has expired or is not valid yet: issue it a new one, or set the clocks of both hosts"),
  UNFIT_CERTIFICATE(
      0,
      "has a certificate that TLS here does not take: issue it one for server and client, with an EC key of 256 bits"),
  REFUSES_CERTIFICATE(
      0,
      "refuses this side's certificate, and says why where it runs: let one authority issue all certificates, and give all sides that --tls-ca"),
  TLS_BROKE(0, "ended the connection before TLS had begun: its own output may say why");

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
