package io.gradsieve.train;

import io.gradsieve.GradsieveException.Diverged;
import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.Internal;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.MemorySource;
import io.gradsieve.backend.Participants;
import io.gradsieve.dist.Activity;
import io.gradsieve.dist.Collective;
import io.gradsieve.dist.GradientBuckets;
import io.gradsieve.dist.GradientPath;
import io.gradsieve.dist.rendezvous.Message.Phase;
import io.gradsieve.sieve.RankShare;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * The workers that train one network together, of which this is one; alone it exchanges nothing.
 * All of them call the same methods in the same order. Whatever they exchange carries requests to
 * stop, so that after each call {@link #stop} says the same everywhere.
 *
 * <p>What fails because another worker is gone throws {@link PeerLost}, after which nothing more
 * can be done together.
 */
@Internal
public final class Workers {
  private final Optional<Collective> collective;
  private final GradientPath path;
  private final Activity activity;
  private final StopRequest asked;
  private final StopRequest agreed;
  private final BooleanSupplier over;
  private final StopBallot ballot;
  private Optional<PeerLost> disagreement = Optional.empty();

  private Workers(
      Optional<Collective> collective,
      GradientPath path,
      Activity activity,
      StopRequest asked,
      BooleanSupplier over) {
    this.collective = collective;
    this.over = over;
    this.path = path;
    this.activity = activity;
    this.asked = asked;
    agreed = collective.isPresent() ? new StopRequest() : asked;
    ballot = new StopBallot(asked, agreed);
  }

  /** Of the only worker. */
  public static Workers alone(StopRequest stop) {
    return new Workers(Optional.empty(), GradientPath.PLAIN, new Activity(), stop, () -> false);
  }

  /**
   * Of one of several, or the only one of a world of one.
   *
   * @param collective stays the caller's
   * @param path of gradients, beside the collective
   * @param activity is told what this worker does
   * @param asked of this worker, which all others then stop with
   * @param over whether the workers no longer belong together, so that what one does alone has to
   *     end
   */
  public static Workers of(
      Collective collective,
      GradientPath path,
      Activity activity,
      StopRequest asked,
      BooleanSupplier over) {
    return collective.world() > 1
        ? new Workers(Optional.of(collective), path, activity, asked, over)
        : new Workers(Optional.empty(), GradientPath.PLAIN, activity, asked, over);
  }

  /** This one, for what it does while the others wait. */
  public Workers aside() {
    return new Workers(Optional.empty(), GradientPath.PLAIN, activity, asked, over);
  }

  /**
   * Between two batches of what a worker does by itself.
   *
   * @throws PeerLost if the others have gone on without it, or wait for it to come to the next
   *     generation
   */
  void worked() {
    activity.worked();
    if (over.getAsBoolean()) {
      throw new PeerLost("the generation has ended");
    }
  }

  /** Whether there is no other. */
  public boolean alone() {
    return collective.isEmpty();
  }

  /** What this worker takes of every step. */
  public RankShare share() {
    return collective.map(all -> new RankShare(all.rank(), all.world())).orElse(RankShare.WHOLE);
  }

  /** What this worker does. */
  Activity activity() {
    return activity;
  }

  /** What ends the training: agreed among all, at the same place for each. */
  StopRequest stop() {
    return agreed;
  }

  /** What was asked of this worker: ends its part of what all do in parts. */
  StopRequest asked() {
    return asked;
  }

  /** As {@link StopBallot#stops}; alone a request counts at once. */
  boolean stops(long microBatch, int underWay) {
    return alone() ? asked.asked() : ballot.stops(microBatch, underWay);
  }

  /** Makes the steps to come shares of larger ones. */
  void join(CompiledStep step, boolean synchroniseBatchNorm) {
    if (!alone()) {
      Participants participants =
          together(all -> path.adders().over(new GradientBuckets(all, ballot, activity)));
      step.share(participants, synchroniseBatchNorm);
    }
  }

  /** Where the gradients of a processor shall lie. */
  MemorySource gradientMemory() {
    return path.memory();
  }

  // ---- between steps

  /** Replaces numbers by their sums over all workers. */
  void sum(double[] values) {
    if (alone()) {
      return;
    }
    double[] all = Arrays.copyOf(values, values.length + ballot.size());
    ballot.cast(all, values.length);
    together(
        c -> {
          c.allReduce(DoubleBuffer.wrap(all));
          return all;
        });
    ballot.settle(all, values.length);
    System.arraycopy(all, 0, values, 0, values.length);
  }

  /** What each worker gives, by rank. */
  public List<ByteBuffer> gather(ByteBuffer own) {
    if (alone()) {
      return List.of(own.slice());
    }
    int flags = ballot.size();
    double[] stops = new double[flags];
    ballot.cast(stops, 0);
    ByteBuffer message = ByteBuffer.allocate(flags + own.remaining());
    for (double flag : stops) {
      message.put((byte) flag);
    }
    message.put(own.duplicate()).flip();
    Arrays.fill(stops, 0);
    List<ByteBuffer> gathered = new ArrayList<>();
    for (ByteBuffer each : together(c -> c.allGather(message))) {
      for (int i = 0; i < flags; i++) {
        stops[i] += each.get(i);
      }
      gathered.add(each.slice(flags, each.limit() - flags).order(own.order()));
    }
    ballot.settle(stops, 0);
    return gathered;
  }

  /**
   * This worker's part of what all do in parts.
   *
   * @throws Diverged on every worker if it is thrown on one, with the words of the first
   */
  <T> T part(Supplier<T> work) {
    Optional<T> done = Optional.empty();
    String words = "";
    try {
      done = Optional.of(work.get());
    } catch (Diverged e) {
      if (alone()) {
        throw e;
      }
      words = String.valueOf(e.getMessage());
    }
    if (!alone()) {
      for (ByteBuffer said : gather(ByteBuffer.wrap(words.getBytes(StandardCharsets.UTF_8)))) {
        if (said.hasRemaining()) {
          throw new Diverged(StandardCharsets.UTF_8.decode(said).toString());
        }
      }
    }
    return done.orElseThrow();
  }

  /**
   * Compares what must be the same on all workers.
   *
   * @param what it is, for instance "weights after epoch 3"
   * @throws PeerLost on every worker if one has another, naming it
   */
  public void same(String what, byte[] hash) {
    List<ByteBuffer> hashes = gather(ByteBuffer.wrap(hash));
    ByteBuffer usual = hashes.get(0);
    int most = 0;
    for (ByteBuffer each : hashes) {
      int count = (int) hashes.stream().filter(each::equals).count();
      usual = count > most ? each : usual;
      most = Math.max(most, count);
    }
    List<String> others = new ArrayList<>();
    for (int rank = 0; rank < hashes.size(); rank++) {
      if (!hashes.get(rank).equals(usual)) {
        others.add(Integer.toString(rank));
      }
    }
    if (!others.isEmpty()) {
      String who = "rank " + String.join(", ", others);
      String line =
          2 * most > hashes.size()
              ? "%s has other %s than the others: check that machine's memory, and that all run the same engine.jar"
                  .formatted(who, what)
              : "the workers have different %s: check that all run the same engine.jar on sound machines; %s differs from rank 0"
                  .formatted(what, who);
      disagreement = Optional.of(new PeerLost(line));
      throw disagreement.get();
    }
  }

  /** What {@link #same} found: to begin again would not help. */
  public Optional<PeerLost> disagreement() {
    return disagreement;
  }

  // ---- the collective

  private interface Exchange<T> {
    T with(Collective collective) throws IOException, InterruptedException;
  }

  private <T> T together(Exchange<T> exchange) {
    Phase before = activity.phase();
    activity.phase(Phase.REDUCING);
    try {
      return exchange.with(collective.orElseThrow());
    } catch (IOException e) {
      throw new PeerLost(String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PeerLost("interrupted while it waited for the other workers", e);
    } finally {
      activity.phase(before);
    }
  }
}
