package io.gradsieve.dist.ring;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * What follows the handshake of a worker, before the ring's values. The handshake proves who the
 * two are, not that both are in the same generation, and a client may have tried several addresses
 * at once; so the server says which generation it is in, and the client which connection it takes.
 * Each frame is sealed, big-endian.
 *
 * <pre>
 *   server: GREETING   0            8                                  116
 *                      | generation | path of a Unix socket, 0-padded  | seal [32] |
 *   client: CHOICE     0            8
 *                      | generation | seal [32] |
 *   then little-endian values, from the client to the server only
 * </pre>
 *
 * <p>A client that is told another generation, or 0 for one that is not awaited, closes. A path is
 * told to who is on the same host and in the same network: the addresses of both ends are equal.
 *
 * @param generation the server's
 * @param path where it listens besides
 */
record Greeting(long generation, Optional<String> path) {
  /** The longest path of a socket, with a 0 behind it, has 108 bytes. */
  static final int LONGEST_PATH = 107;

  static final int BYTES = Long.BYTES + LONGEST_PATH + 1;

  static final int CHOICE_BYTES = Long.BYTES;

  ByteBuffer bytes() {
    ByteBuffer bytes = ByteBuffer.allocate(BYTES).putLong(generation);
    path.ifPresent(p -> bytes.put(p.getBytes(StandardCharsets.UTF_8)));
    return bytes.rewind();
  }

  /** Of {@link #BYTES}. */
  static Greeting of(ByteBuffer bytes) {
    long generation = bytes.getLong();
    byte[] path = new byte[LONGEST_PATH];
    bytes.get(path);
    int end = 0;
    while (end < path.length && path[end] != 0) {
      end++;
    }
    String text = new String(Arrays.copyOf(path, end), StandardCharsets.UTF_8);
    return new Greeting(generation, text.isEmpty() ? Optional.empty() : Optional.of(text));
  }

  static ByteBuffer choice(long generation) {
    return ByteBuffer.allocate(CHOICE_BYTES).putLong(generation).flip();
  }
}
