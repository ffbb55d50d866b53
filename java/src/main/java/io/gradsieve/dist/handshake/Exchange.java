package io.gradsieve.dist.handshake;

import io.gradsieve.dist.handshake.Frames.Frame;
import io.gradsieve.dist.handshake.Frames.Kind;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** What both sides of a handshake have: input, output, the deadline and how it ended. */
final class Exchange {
  /** From accept to authenticated; no byte puts it off. */
  private static final long DEADLINE = TimeUnit.SECONDS.toNanos(5);

  private static final Outcome WAITING = new Outcome.Waiting();

  private final long start;
  private final FrameReader reader = new FrameReader();
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private boolean sentLast;
  private Outcome outcome = WAITING;

  /** What a side does with a frame of the other: whether that was the last. */
  @FunctionalInterface
  interface Step {
    Optional<Outcome.Done> take(Frame frame) throws Refused;
  }

  Exchange(long start) {
    this.start = start;
  }

  Outcome receive(ByteBuffer input, long now, Step step) {
    expire(now);
    try {
      while (outcome.equals(WAITING) && input.hasRemaining()) {
        Optional<Frame> frame = reader.read(input);
        if (frame.isPresent()) {
          take(frame.get(), step);
        }
      }
    } catch (Refused e) {
      fail(e.refusal());
    }
    return outcome;
  }

  private void take(Frame frame, Step step) throws Refused {
    if (frame.kind() == Kind.REFUSED) {
      outcome = new Outcome.Failed(Frames.refusal(frame), true);
      return;
    }
    Optional<Outcome.Done> done = step.take(frame);
    if (done.isPresent()) {
      outcome = done.get();
    }
  }

  Outcome expire(long now) {
    // a difference, as System.nanoTime may wrap
    if (outcome.equals(WAITING) && now - start >= DEADLINE) {
      fail(Refusal.TOO_SLOW);
    }
    return outcome;
  }

  Outcome closed() {
    if (outcome.equals(WAITING)) {
      fail(Refusal.CLOSED);
    }
    return outcome;
  }

  private void fail(Refusal refusal) {
    if (refusal.isTold() && !sentLast) {
      send(Frames.refused(refusal));
    }
    outcome = new Outcome.Failed(refusal, false);
  }

  void send(byte[] bytes) {
    output.writeBytes(bytes);
  }

  /** Sends the last frame in the clear: the other side may read what follows as sealed. */
  void sendLast(byte[] bytes) {
    send(bytes);
    sentLast = true;
  }

  ByteBuffer output() {
    ByteBuffer bytes = ByteBuffer.wrap(output.toByteArray());
    output.reset();
    return bytes;
  }

  static byte[] nonce(byte[] nonce) {
    if (nonce.length != Frames.NONCE) {
      throw new IllegalArgumentException("a nonce has 32 bytes, not " + nonce.length);
    }
    return nonce.clone();
  }
}
