package io.gradsieve.bench.dist;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** As many bytes out as in, whichever goes first: what connections can carry. */
final class TwoWayCopy {
  private static final int PIECE = 1 << 18;
  private static final int PATIENCE = 60_000;

  private final SocketChannel out;
  private final SocketChannel in;
  private final ByteBuffer sent;
  private final ByteBuffer received;
  private final Selector selector;
  private final SelectionKey writable;
  private final SelectionKey readable;

  TwoWayCopy(SocketChannel out, SocketChannel in, int bytes) throws IOException {
    this.out = out;
    this.in = in;
    sent = ByteBuffer.allocateDirect(bytes);
    received = ByteBuffer.allocateDirect(bytes);
    selector = Selector.open();
    out.configureBlocking(false);
    in.configureBlocking(false);
    writable = out.register(selector, 0);
    readable = in.register(selector, 0);
  }

  void run() throws IOException {
    sent.clear();
    received.clear();
    while (sent.position() < sent.capacity() || received.position() < received.capacity()) {
      sent.limit(Math.min(sent.capacity(), sent.position() + PIECE));
      received.limit(Math.min(received.capacity(), received.position() + PIECE));
      if (out.write(sent) + in.read(received) == 0) {
        readable.interestOps(received.hasRemaining() ? SelectionKey.OP_READ : 0);
        writable.interestOps(sent.hasRemaining() ? SelectionKey.OP_WRITE : 0);
        selector.select(PATIENCE);
        selector.selectedKeys().clear();
      }
    }
  }
}
