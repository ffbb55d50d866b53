package io.gradsieve.dist.rendezvous;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads a frame's fields, big-endian; asks for the bytes left before it takes or allocates any. */
final class FrameReader {
  /** Bytes of the smallest {@link Message.Peer}: id, cores, two lengths. */
  static final int LEAST_PEER = 2 * Long.BYTES + Integer.BYTES + 2 * Short.BYTES;

  private final ByteBuffer source;

  FrameReader(ByteBuffer source) {
    this.source = source.order(ByteOrder.BIG_ENDIAN);
  }

  int int8() throws BadFrame {
    return left(Byte.BYTES).get() & 0xff;
  }

  int int16() throws BadFrame {
    return left(Short.BYTES).getShort() & 0xffff;
  }

  int int32() throws BadFrame {
    return left(Integer.BYTES).getInt();
  }

  long int64() throws BadFrame {
    return left(Long.BYTES).getLong();
  }

  boolean flag() throws BadFrame {
    return oneOf(new Boolean[] {false, true});
  }

  <T> T oneOf(T[] all) throws BadFrame {
    int index = int8();
    if (index >= all.length) {
      throw new BadFrame("a choice of " + index + ", there are " + all.length);
    }
    return all[index];
  }

  String text() throws BadFrame {
    // what is no ASCII becomes a sign that the records refuse
    return new String(array(int16()), StandardCharsets.US_ASCII);
  }

  List<String> texts(int atMost) throws BadFrame {
    int count = count(Short.BYTES, atMost);
    List<String> texts = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      texts.add(text());
    }
    return texts;
  }

  Bytes bytes() throws BadFrame {
    return Bytes.of(array(int32()));
  }

  /** A count, int16, of things of at least {@code least} bytes each. */
  int count(int least, int atMost) throws BadFrame {
    int count = int16();
    if (count > atMost) {
      throw new BadFrame("a count of " + count + ", at most " + atMost);
    }
    left((long) count * least);
    return count;
  }

  void end() throws BadFrame {
    if (source.hasRemaining()) {
      throw new BadFrame(source.remaining() + " bytes too many");
    }
  }

  private byte[] array(int length) throws BadFrame {
    left(length);
    byte[] bytes = new byte[length];
    source.get(bytes);
    return bytes;
  }

  private ByteBuffer left(long bytes) throws BadFrame {
    if (bytes < 0 || bytes > source.remaining()) {
      throw new BadFrame(
          "a field of %d bytes where %d are left".formatted(bytes, source.remaining()));
    }
    return source;
  }
}
