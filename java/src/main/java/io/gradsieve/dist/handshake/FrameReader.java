package io.gradsieve.dist.handshake;

import io.gradsieve.dist.handshake.Frames.Frame;
import io.gradsieve.dist.handshake.Frames.Kind;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * Collects one frame after another from bytes as they come. Each byte of the header is judged as it
 * arrives, so that a stranger is known by the first, and who speaks TLS by the second; memory is of
 * fixed size.
 */
final class FrameReader {
  /** How a record of TLS begins (RFC 8446, 5.1): a client's first, or a server's that refuses. */
  private static final byte TLS_HANDSHAKE = 22;

  private static final byte TLS_ALERT = 21;
  private static final byte TLS_MAJOR = 3;

  private final ByteBuffer frame = ByteBuffer.allocate(Frames.MOST);
  private int end = Frames.HEADER;

  /** A frame if it is whole now; takes no byte behind it. */
  Optional<Frame> read(ByteBuffer input) throws Refused {
    while (input.hasRemaining() && frame.position() < end) {
      frame.put(input.get());
      judge(frame.position() - 1);
    }
    if (frame.position() < end) {
      return Optional.empty();
    }
    byte[] bytes = Arrays.copyOf(frame.array(), end);
    frame.clear();
    end = Frames.HEADER;
    return Optional.of(new Frame(Kind.of(bytes[5]), bytes));
  }

  private void judge(int at) throws Refused {
    if (at == 0 && (frame.get(0) == TLS_HANDSHAKE || frame.get(0) == TLS_ALERT)) {
      return; // the next byte tells
    }
    if (at == 1 && frame.get(0) != Frames.MAGIC[0]) {
      throw new Refused(frame.get(1) == TLS_MAJOR ? Refusal.ONLY_TLS : Refusal.NOT_GRADSIEVE);
    }
    if (at < 4 && frame.get(at) != Frames.MAGIC[at]) {
      throw new Refused(Refusal.NOT_GRADSIEVE);
    }
    if (at == 4 && frame.get(at) != Frames.VERSION) {
      throw new Refused(Refusal.OTHER_VERSION);
    }
    if (at == 5) {
      Kind.of(frame.get(at));
    }
    if (at == 7) {
      int length = Short.toUnsignedInt(frame.getShort(6));
      Kind.of(frame.get(5)).checkLength(length);
      end = Frames.HEADER + length;
    }
  }
}
