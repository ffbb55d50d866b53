package io.gradsieve.dist.handshake;

import java.nio.ByteBuffer;

/** Either side of a handshake, for who moves its bytes. Not for several threads. */
public sealed interface Handshake permits ClientHandshake, ServerHandshake {
  /** Takes bytes up to the handshake's end, none behind it. */
  Outcome receive(ByteBuffer input, long nowNanos);

  /** The outcome at this time: ask at the latest 5 s after the connection was made. */
  Outcome expire(long nowNanos);

  /** The outcome if the other side sends nothing more. */
  Outcome closed();

  /** Bytes to send, each once. */
  ByteBuffer output();
}
