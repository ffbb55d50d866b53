package io.gradsieve.dist.ring;

import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Role;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/**
 * Who is let in at the moment: between the thread that forms a ring and the one that accepts. At
 * most one connection waits here, that of the rank before.
 */
final class Lobby {
  /** A greeting that lets nobody in. */
  static final long NOT_AWAITED = 0;

  private int generation;
  private int rank = Introduction.NONE;
  private int previous = Introduction.NONE;
  private boolean awaits;
  private Optional<SocketChannel> arrived = Optional.empty();
  private Runnable wake = () -> {};

  /** From now on the rank before is awaited; {@code wake} is called when it has come. */
  synchronized void await(int newGeneration, int newRank, int world, Runnable newWake) {
    generation = newGeneration;
    rank = newRank;
    previous = Math.floorMod(newRank - 1, world);
    awaits = true;
    wake = newWake;
    notifyAll();
  }

  /**
   * Waits so many milliseconds while a ring works, or until the next is formed. Returns at once
   * while somebody is awaited, and before the first.
   */
  synchronized void rest(long millis) throws InterruptedException {
    if (generation > 0 && !awaits) {
      wait(millis);
    }
  }

  /** This worker's rank in its last generation. */
  synchronized int rank() {
    return rank;
  }

  /** The generation that a client is told: its own only if it is let in. */
  synchronized long greeting(Introduction who) {
    if (who.generation() != generation) {
      return generation;
    }
    boolean due =
        awaits && arrived.isEmpty() && who.role() == Role.WORKER && who.rank() == previous;
    return due ? generation : NOT_AWAITED;
  }

  /** Takes a connection that was let in, unless it is too late: then false, close it. */
  synchronized boolean arrive(Introduction who, SocketChannel channel) {
    if (greeting(who) != who.generation() || who.target() != rank) {
      return false;
    }
    arrived = Optional.of(channel);
    wake.run();
    return true;
  }

  synchronized boolean hasArrived() {
    return arrived.isPresent();
  }

  /** The connection, whose owner is the caller; nobody is awaited any more. */
  synchronized Optional<SocketChannel> take() {
    Optional<SocketChannel> taken = arrived;
    arrived = Optional.empty();
    awaits = false;
    wake = () -> {};
    return taken;
  }

  /** Nobody is awaited any more; who has come in vain is sent away. */
  void dismiss() {
    take().ifPresent(Lobby::close);
  }

  static void close(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // of no use any more
    }
  }
}
