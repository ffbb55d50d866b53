package io.gradsieve.dist.control;

import io.gradsieve.dist.rendezvous.Rules;
import io.gradsieve.dist.rendezvous.Stage;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/** The rendezvous server of a job. */
public final class RendezvousServer implements AutoCloseable {
  private RendezvousServer() {}

  /**
   * Listens.
   *
   * @param bind where; port 0 for any that is free
   * @throws io.gradsieve.GradsieveException.Usage if the port is taken, the host is not this
   *     machine's, or it can be reached from others and nothing protects it
   */
  public static RendezvousServer start(
      InetSocketAddress bind, Rules rules, Protection protection, Consumer<String> log) {
    throw new UnsupportedOperationException();
  }

  /** Where it listens. */
  public int port() {
    throw new UnsupportedOperationException();
  }

  /** How far the job has come. */
  public Stage stage() {
    throw new UnsupportedOperationException();
  }

  /** Why the job failed, if it did. */
  public Optional<String> failure() {
    throw new UnsupportedOperationException();
  }

  /** Waits until the job has ended; false if it has not by then. */
  public boolean awaitEnd(Duration longest) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
