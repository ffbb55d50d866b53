package io.gradsieve.bench.dist;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** One connection of somebody who has no token, and what it tries. */
final class Stranger {
  /** From the server, before it closes: header, nonce and proof. */
  static final int CHALLENGE = 8 + 64;

  private static final int PROOF = 32;
  private static final byte[] PROOF_HEADER = {'G', 'S', 'D', 'H', 1, 3, 0, PROOF};

  private static final byte[] GARBAGE =
      "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  /** What is tried. */
  enum Attempt {
    /** Connects and goes, as a scan does. */
    SCAN,
    /** Sends what is no frame. */
    GARBAGE,
    /** Sends a byte a second. */
    SLOW,
    /** Makes up a proof. */
    WRONG_TOKEN,
    /** Sends the server's own proof back. */
    REFLECTION,
    /** Sends what a member sent once. */
    REPLAY
  }

  /**
   * What is known of a listener.
   *
   * @param hello a handshake's first frame
   * @param recorded a whole handshake of a member
   */
  record Target(InetSocketAddress address, byte[] hello, byte[] recorded) {}

  private final Attempt attempt;
  private final Target target;
  private final SocketChannel channel;
  private final SelectionKey key;
  private final long begun;
  private final ByteBuffer heard = ByteBuffer.allocate(CHALLENGE + 1);
  private int sent;

  Stranger(Selector selector, Attempt attempt, Target target, InetSocketAddress from, long now)
      throws IOException {
    this.attempt = attempt;
    this.target = target;
    begun = now;
    channel = SocketChannel.open().bind(from);
    channel.configureBlocking(false);
    key = channel.register(selector, SelectionKey.OP_CONNECT, this);
    channel.connect(target.address());
  }

  long begun() {
    return begun;
  }

  /** Whether it is over. */
  boolean ready() throws IOException {
    if (key.isConnectable()) {
      channel.finishConnect();
      key.interestOps(SelectionKey.OP_READ);
      return begin();
    }
    if (channel.read(heard) < 0) {
      return true;
    }
    if (heard.position() == CHALLENGE && attempt == Attempt.WRONG_TOKEN) {
      prove(new byte[PROOF]);
    } else if (heard.position() == CHALLENGE && attempt == Attempt.REFLECTION) {
      prove(Arrays.copyOfRange(heard.array(), CHALLENGE - PROOF, CHALLENGE));
    }
    return false;
  }

  private boolean begin() throws IOException {
    switch (attempt) {
      case SCAN -> {
        return true;
      }
      case GARBAGE -> send(GARBAGE);
      case SLOW -> tick();
      case REPLAY -> send(target.recorded());
      default -> send(target.hello());
    }
    return false;
  }

  /** A second has passed. */
  void tick() throws IOException {
    if (attempt == Attempt.SLOW && channel.isConnected()) {
      send(new byte[] {target.hello()[sent++]});
    }
  }

  private void prove(byte[] proof) throws IOException {
    send(PROOF_HEADER);
    send(proof);
  }

  private void send(byte[] bytes) throws IOException {
    channel.write(ByteBuffer.wrap(bytes));
  }

  void close() throws IOException {
    channel.close();
  }
}
