package io.gradsieve.dist.control;

import io.gradsieve.dist.rendezvous.Frame;
import io.gradsieve.dist.rendezvous.Message;
import io.gradsieve.dist.rendezvous.MessageCodec;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * A frame that goes to many with the same bytes: they are made once, and lie in memory once however
 * many connections wait to send them. Only the seal is each connection's own.
 *
 * @param bytes for the seals, which are quicker from an array
 * @param buffer the same outside of the heap, which sockets take without a copy
 */
record SharedFrame(byte[] bytes, ByteBuf buffer) {
  private static SharedFrame of(Frame frame) {
    byte[] bytes = MessageCodec.encode(frame);
    ByteBuf buffer = Unpooled.directBuffer(bytes.length, bytes.length).writeBytes(bytes);
    return new SharedFrame(bytes, buffer);
  }

  /**
   * The pages of the newest generation's list of members: N pages to N members each would be
   * encoded N² times. For one thread.
   */
  static final class Pages implements AutoCloseable {
    private final Map<Message, SharedFrame> pages = new IdentityHashMap<>();
    private int generation;

    SharedFrame of(Frame frame) {
      if (frame.generation() != generation) {
        close();
        generation = frame.generation();
      }
      return pages.computeIfAbsent(frame.message(), page -> SharedFrame.of(frame));
    }

    @Override
    public void close() {
      pages.values().forEach(page -> page.buffer().release());
      pages.clear();
    }
  }
}
