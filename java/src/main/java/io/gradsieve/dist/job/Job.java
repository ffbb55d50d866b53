package io.gradsieve.dist.job;

import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.Activity;
import io.gradsieve.dist.cluster.Address;
import io.gradsieve.dist.cluster.Place;
import io.gradsieve.dist.control.Membership;
import io.gradsieve.dist.control.Protection;
import io.gradsieve.dist.memory.SharedRegions;
import io.gradsieve.dist.rendezvous.Bytes;
import io.gradsieve.dist.rendezvous.MemberEvent;
import io.gradsieve.dist.rendezvous.MemberEvent.Aborted;
import io.gradsieve.dist.rendezvous.MemberEvent.Fenced;
import io.gradsieve.dist.rendezvous.MemberEvent.Lost;
import io.gradsieve.dist.rendezvous.MemberEvent.Ranked;
import io.gradsieve.dist.rendezvous.MemberEvent.Refused;
import io.gradsieve.dist.rendezvous.MemberId;
import io.gradsieve.dist.rendezvous.Message;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Phase;
import io.gradsieve.dist.ring.NeighbourLost;
import io.gradsieve.dist.ring.Ring;
import io.gradsieve.dist.ring.RingDoor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A worker's membership in a job, generation after generation. Everything that a generation's
 * workers wait for ends at once when the server says that it is over.
 *
 * <pre>
 *   join ──► next ──► Generation ── farewell ──► over
 *              ▲          │
 *              └── lost ──┘
 * </pre>
 */
public final class Job implements AutoCloseable {
  /** Between two looks at what this worker does, for its heartbeats. */
  private static final long LOOK_MILLIS = 50;

  /** A neighbour is waited for so long before the server hears of it. */
  private static final Duration PATIENT = Duration.ofSeconds(2);

  private final RingDoor door;
  private final Membership membership;
  private final Means means;
  private final Activity activity;
  private final ScheduledExecutorService teller;
  private final Object lock = new Object();
  private Verdict verdict = new Verdict();
  private int number; // of the generation, 0 before the first
  private int lastEnded;
  private String lastWords = "";
  private volatile Optional<Ring> ring = Optional.empty();
  private volatile Optional<Gathering> gathering = Optional.empty();
  private final SharedRegions regions = new SharedRegions();
  private long suspectedAt;

  private Job(RingDoor door, Membership membership, Means means, Activity activity) {
    this.door = door;
    this.membership = membership;
    this.means = means;
    this.activity = activity;
    teller =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "gradsieve-activity");
              thread.setDaemon(true);
              return thread;
            });
    membership.onEnd(this::ended);
    teller.scheduleAtFixedRate(this::tell, 0, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /**
   * What the workers of a job must have alike, and what each says of itself.
   *
   * @param code version of the program
   * @param data SHA-256
   * @param configuration options and network, each {@code name=value}
   * @param cores that this worker computes with
   * @param instructionSet the best that this machine has
   */
  public record Worker(
      String code, byte[] data, List<String> configuration, int cores, String instructionSet) {}

  /**
   * Listens for the other workers and begins to join.
   *
   * @param interfaceName the network between the workers; empty: all there are
   * @param means how the workers exchange
   * @param activity what heartbeats tell
   * @param log takes lines, from threads of its own
   * @throws Usage if the server is not on loopback and nothing protects the job, or there is no
   *     such interface
   * @throws PeerLost if no port can be listened at
   */
  public static Job join(
      Place place,
      Worker worker,
      Protection protection,
      Optional<String> interfaceName,
      Means means,
      Duration joinTimeout,
      Activity activity,
      Consumer<String> log) {
    boolean alone = place.localWorld().orElse(place.world()) == place.world();
    // the machine's own name is loopback on many, and other hosts come by it all the same
    boolean loopback =
        isLoopback(place.master().host(), protection) && (alone || place.master().meansLoopback());
    RingDoor door;
    try {
      door = RingDoor.open(place.jobId(), protection.ringToken(), interfaceName, loopback, log);
    } catch (IOException e) {
      throw new PeerLost("this worker can't listen for the others: " + e.getMessage(), e);
    }
    SecureRandom random = new SecureRandom();
    Message.Peer self =
        new Message.Peer(
            MemberId.of(place.rank(), random.nextLong(), random.nextLong()),
            worker.cores(),
            worker.instructionSet(),
            door.addresses());
    Join join =
        new Join(
            place.jobId(),
            self,
            worker.code(),
            Bytes.of(worker.data()),
            worker.configuration(),
            false);
    try {
      for (String address : door.addresses()) {
        String host = Address.parse("address", address).host();
        protection.require(new InetSocketAddress(host, 0).getAddress(), "this worker");
      }
      Membership membership =
          Membership.join(
              place.master().host(),
              place.master().port(),
              place.jobId(),
              join,
              protection,
              door::trust,
              joinTimeout,
              log);
      return new Job(door, membership, means, activity);
    } catch (RuntimeException e) {
      door.close();
      throw e;
    }
  }

  /** Whether the server is on this host's loopback; a name that does not resolve yet is not. */
  private static boolean isLoopback(String host, Protection protection) {
    try {
      InetAddress address = InetAddress.getByName(host);
      protection.require(address, "the rendezvous server");
      return address.isLoopbackAddress();
    } catch (UnknownHostException e) {
      if (protection.equals(Protection.none())) {
        throw new Usage(
            "%s: does not resolve, and nothing protects the job: check the name; off loopback give --token-file, or --tls-cert, --tls-key and --tls-ca"
                .formatted(host));
      }
      return false;
    }
  }

  // ---- generations

  /**
   * Waits for the next generation and connects its workers.
   *
   * @throws PeerLost if the job is over, too few come, or the server can't be reached
   * @throws Usage if this worker is not like the others
   */
  public Generation next() {
    for (; ; ) {
      activity.phase(Phase.WAITING);
      if (number > 0) {
        membership.rejoin();
      }
      Ranked place = membership.ranked();
      Verdict fresh = new Verdict();
      synchronized (lock) {
        gathering = Optional.empty();
        verdict = fresh;
        number = place.generation();
        suspectedAt = 0;
        if (number <= lastEnded) { // before this thread knew of it
          fresh.give(lastWords);
        }
      }
      activity.phase(Phase.LOADING);
      try {
        return enter(place, fresh);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new PeerLost("interrupted while the workers of the job met", e);
      } catch (NeighbourLost e) {
        membership.suspect(e.rank(), e.isBroken(), String.valueOf(e.getMessage()));
        await(fresh, new PeerLost(String.valueOf(e.getMessage()), e));
      } catch (IOException e) {
        await(fresh, new PeerLost(String.valueOf(e.getMessage()), e));
      }
    }
  }

  private Generation enter(Ranked place, Verdict fresh) throws IOException, InterruptedException {
    Gathering formed = form(place);
    gathering = Optional.of(formed);
    fresh.await(Duration.ZERO).ifPresent(formed::abort); // it may have ended meanwhile
    return new Generation(membership, place, formed, fresh);
  }

  private Gathering form(Ranked place) throws IOException, InterruptedException {
    Duration longest = Duration.ofMillis(membership.deadlines().failureTimeout());
    Duration patience = Duration.ofMillis(membership.deadlines().operation());
    Ring formed = door.form(place, longest, patience, this::waiting, means.compression());
    ring = Optional.of(formed);
    try {
      return Gathering.of(formed, place, means, regions, activity, patience);
    } catch (IOException | InterruptedException | RuntimeException e) {
      formed.close();
      throw e;
    }
  }

  /** For the verdict about a generation that did not come about. */
  private void await(Verdict of, PeerLost failure) {
    if (of.await(Duration.ofMillis(2L * membership.deadlines().failureTimeout())).isEmpty()) {
      throw failure;
    }
  }

  /**
   * After a failure in a generation: waits for the server's verdict about it.
   *
   * @return why it has ended
   * @throws PeerLost the failure itself, if the server knows of none
   */
  public String lost(Generation generation, PeerLost failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof NeighbourLost neighbour) {
        membership.suspect(
            neighbour.rank(), neighbour.isBroken(), String.valueOf(neighbour.getMessage()));
      }
    }
    return generation.verdict().orElseThrow(() -> failure);
  }

  /** Whether there will be no other generation. */
  public boolean isOver() {
    synchronized (lock) {
      return lastEnded == Integer.MAX_VALUE;
    }
  }

  // ---- calls from other threads

  /** The ring's: for whom it waits. */
  private void waiting(int rank, Duration silence) {
    if (silence.compareTo(PATIENT) > 0 && System.nanoTime() - suspectedAt > PATIENT.toNanos()) {
      suspectedAt = System.nanoTime();
      membership.suspect(rank, false, "no byte for %d s".formatted(silence.toSeconds()));
    }
  }

  /** The client's: the end of a generation, or of all. */
  private void ended(MemberEvent event) {
    int ended;
    String words;
    if (event instanceof Aborted aborted) {
      ended = aborted.generation();
      words = "generation %d has ended: %s".formatted(ended, aborted.reason());
    } else if (event instanceof Fenced fenced) {
      ended = fenced.generation();
      words = "generation %d has ended for this worker: it %s".formatted(ended, fenced.reason());
    } else if (event instanceof Refused refused) {
      ended = Integer.MAX_VALUE;
      words = refused.reason();
    } else if (event instanceof Lost lost) {
      ended = Integer.MAX_VALUE;
      words = lost.reason();
    } else {
      return;
    }
    synchronized (lock) {
      lastEnded = ended;
      lastWords = words;
      if (number > 0 && number <= ended) {
        verdict.give(words);
        gathering.ifPresent(formed -> formed.abort(words));
      }
    }
    door.abort(ended);
  }

  private void tell() {
    long in = ring.map(Ring::bytesIn).orElse(0L);
    long out = ring.map(Ring::bytesOut).orElse(0L);
    membership.progress(activity.heartbeat(in, out));
  }

  @Override
  public void close() {
    teller.shutdownNow();
    membership.close();
    door.close();
  }
}
