package io.gradsieve.dist.control;

import io.gradsieve.dist.handshake.ClientHandshake;
import io.gradsieve.dist.handshake.Handshake;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.handshake.Purpose;
import io.gradsieve.dist.handshake.Role;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Whoever connects to a listener, byte by byte. */
final class RawPeer implements AutoCloseable {
  private static final int READ_MILLIS = (int) Job.SOON.toMillis();

  private final Socket socket;

  RawPeer(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(READ_MILLIS);
    socket.setTcpNoDelay(true);
  }

  /** Whether the bytes could be sent; the other side may have hung up. */
  boolean send(byte... bytes) throws IOException {
    try {
      socket.getOutputStream().write(bytes);
      return true;
    } catch (SocketException e) {
      return false;
    }
  }

  /** How long a read waits, in milliseconds. */
  void pace(int millis) throws IOException {
    socket.setSoTimeout(millis);
  }

  /** Whether nothing came, and nobody hung up, for as long as a read waits. */
  boolean nothingComes() throws IOException {
    try {
      socket.getInputStream().read();
      return false;
    } catch (SocketTimeoutException e) {
      return true;
    } catch (SocketException e) {
      return false; // a reset
    }
  }

  /** So many bytes. */
  byte[] read(int count) throws IOException {
    byte[] bytes = socket.getInputStream().readNBytes(count);
    if (bytes.length < count) {
      throw new IOException("ended after " + bytes.length + " bytes of " + count);
    }
    return bytes;
  }

  /** All bytes until the other side hangs up. */
  byte[] readToEnd() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] bytes = new byte[4_096];
    try {
      for (int n = socket.getInputStream().read(bytes);
          n >= 0;
          n = socket.getInputStream().read(bytes)) {
        all.write(bytes, 0, n);
      }
    } catch (SocketException e) {
      // a reset is an end too
    }
    return all.toByteArray();
  }

  /** The handshake of a worker without a rank; what it sent is in {@code sent}. */
  Outcome shake(Protection protection, byte nonce, ByteArrayOutputStream sent) throws IOException {
    byte[] own = new byte[32];
    Arrays.fill(own, nonce);
    int none = Introduction.NONE;
    Introduction me = new Introduction(Job.NAME, Purpose.CONTROL, Role.WORKER, none, none, 0);
    return shake(
        socket, new ClientHandshake(me, protection.handshakeToken(), own, System.nanoTime()), sent);
  }

  static Outcome shake(Socket socket, Handshake side) throws IOException {
    return shake(socket, side, new ByteArrayOutputStream());
  }

  private static Outcome shake(Socket socket, Handshake side, ByteArrayOutputStream sent)
      throws IOException {
    Outcome outcome = new Outcome.Waiting();
    while (true) {
      byte[] output = new byte[256];
      ByteBuffer next = side.output();
      int length = next.remaining();
      next.get(output, 0, length);
      socket.getOutputStream().write(output, 0, length);
      sent.write(output, 0, length);
      if (!(outcome instanceof Outcome.Waiting)) {
        return outcome;
      }
      int read = socket.getInputStream().read(); // one by one: none behind the handshake's end
      outcome =
          read < 0
              ? side.closed()
              : side.receive(ByteBuffer.wrap(new byte[] {(byte) read}), System.nanoTime());
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
