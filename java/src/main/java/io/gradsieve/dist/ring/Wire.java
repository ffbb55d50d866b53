package io.gradsieve.dist.ring;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** A connection that does not block: what is to be sent waits here until it can be. */
final class Wire {
  private final SocketChannel channel;
  private final SelectionKey key;
  private ByteBuffer output = ByteBuffer.allocate(0);
  private boolean deaf;

  /** The channel is this object's unless {@link #release}d. */
  Wire(SocketChannel channel, Selector selector, int operations) throws IOException {
    this.channel = channel;
    channel.configureBlocking(false);
    key = channel.register(selector, operations);
  }

  /** What the selector's owner finds at a ready key. */
  void attach(Object owner) {
    key.attach(owner);
  }

  /** Begins to connect; true if it is connected already. */
  boolean connect(SocketAddress to) throws IOException {
    return channel.connect(to) && connected();
  }

  /** Whether it is connected by now. */
  boolean finishConnect() throws IOException {
    return channel.finishConnect() && connected();
  }

  private boolean connected() throws IOException {
    if (channel.getRemoteAddress() instanceof InetSocketAddress) {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }
    key.interestOps(SelectionKey.OP_READ);
    return true;
  }

  /** Whether both ends have one address: they are on one host and in one network. */
  boolean isLocal() throws IOException {
    return channel.getRemoteAddress() instanceof InetSocketAddress remote
        && channel.getLocalAddress() instanceof InetSocketAddress local
        && remote.getAddress().equals(local.getAddress());
  }

  /** Sends bytes, now or by and by. */
  void send(ByteBuffer bytes) throws IOException {
    ByteBuffer both = ByteBuffer.allocate(output.remaining() + bytes.remaining());
    output = both.put(output).put(bytes).flip();
    flush();
  }

  /** Sends what waits; whether nothing does any more. */
  boolean flush() throws IOException {
    if (output.hasRemaining()) {
      channel.write(output);
    }
    boolean sent = !output.hasRemaining();
    key.interestOps((deaf ? 0 : SelectionKey.OP_READ) | (sent ? 0 : SelectionKey.OP_WRITE));
    return sent;
  }

  /** Nothing is read from now on: what comes must not wake the selector. */
  void stopReading() {
    deaf = true;
  }

  /** Reads what is there, at most what fits; -1 at the end. */
  int read(ByteBuffer into) throws IOException {
    return into.hasRemaining() ? channel.read(into) : 0;
  }

  /** The channel, which is the caller's from now on; the selector knows it until its next turn. */
  SocketChannel release() {
    key.cancel();
    return channel;
  }

  void close() {
    key.cancel();
    Lobby.close(channel);
  }
}
