package io.gradsieve.dist.rendezvous;

/**
 * Bytes that are no frame: whoever reads them closes the connection, since where the next frame
 * begins is unknown. The message says what is wrong and never quotes the bytes.
 */
public final class BadFrame extends Exception {
  private static final long serialVersionUID = 1L;

  BadFrame(String message) {
    super("bad frame: " + message);
  }
}
