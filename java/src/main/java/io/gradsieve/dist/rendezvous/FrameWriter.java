package io.gradsieve.dist.rendezvous;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Writes a frame's fields, big-endian, into an array that grows. */
final class FrameWriter {
  private ByteBuffer target = ByteBuffer.allocate(128); // most frames are shorter

  FrameWriter int8(int value) {
    room(Byte.BYTES).put((byte) value);
    return this;
  }

  FrameWriter int16(int value) {
    room(Short.BYTES).putShort((short) value);
    return this;
  }

  FrameWriter int32(int value) {
    room(Integer.BYTES).putInt(value);
    return this;
  }

  FrameWriter int64(long value) {
    room(Long.BYTES).putLong(value);
    return this;
  }

  /** Length as int16, then ASCII. */
  FrameWriter text(String text) {
    int16(text.length());
    room(text.length()).put(text.getBytes(StandardCharsets.US_ASCII));
    return this;
  }

  /** Count as int16, then each. */
  FrameWriter texts(List<String> texts) {
    int16(texts.size());
    texts.forEach(this::text);
    return this;
  }

  /** Length as int32, then the bytes. */
  FrameWriter bytes(Bytes bytes) {
    int32(bytes.size());
    room(bytes.size()).put(bytes.toArray());
    return this;
  }

  byte[] toArray() {
    return Arrays.copyOf(target.array(), target.position());
  }

  private ByteBuffer room(int bytes) {
    if (target.remaining() < bytes) {
      int size = Math.max(2 * target.capacity(), target.position() + bytes);
      target = ByteBuffer.allocate(size).put(target.flip());
    }
    return target;
  }
}
