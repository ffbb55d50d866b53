package io.gradsieve.dist.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.AllocatedBytes;
import java.nio.ByteBuffer;

/**
 * Fuzz target: bytes as a frame of the rendezvous. What is read is written as the same bytes; what
 * is refused is refused by the reason that readers expect, in one line for a terminal.
 */
public final class FrameTarget {
  private static final int LENGTH_AT = MessageCodec.HEADER - Integer.BYTES;

  /** For an error's text. */
  private static final long FEW = 64 << 10;

  private FrameTarget() {}

  /** Reads them as they are, then with the length that they have. */
  public static void fuzzerTestOneInput(byte[] input) throws Exception {
    AllocatedBytes.assertFew(FEW, input, () -> read(input));
    if (input.length >= MessageCodec.HEADER) {
      byte[] fitting = input.clone();
      ByteBuffer.wrap(fitting).putInt(LENGTH_AT, input.length - MessageCodec.HEADER);
      AllocatedBytes.assertFew(FEW, fitting, () -> read(fitting));
    }
  }

  private static void read(byte[] bytes) {
    try {
      Frame frame = MessageCodec.decode(ByteBuffer.wrap(bytes), Limits.FRAME);
      assertThat(MessageCodec.encode(frame)).isEqualTo(bytes);
    } catch (BadFrame e) {
      assertThat(Limits.reason(e.getMessage())).isEqualTo(e.getMessage());
    }
  }
}
