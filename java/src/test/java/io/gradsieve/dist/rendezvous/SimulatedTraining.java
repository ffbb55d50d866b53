package io.gradsieve.dist.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.rendezvous.Message.Barrier;
import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Commit;
import io.gradsieve.dist.rendezvous.Message.Committed;
import io.gradsieve.dist.rendezvous.Message.Done;
import io.gradsieve.dist.rendezvous.Message.Heartbeat;
import io.gradsieve.dist.rendezvous.Message.Phase;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Message.Reply;
import io.gradsieve.dist.rendezvous.Message.Request;
import io.gradsieve.dist.rendezvous.Message.Suspect;
import io.gradsieve.dist.rendezvous.SimulatedNetwork.End;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The loop of a worker: compute, exchange the buckets of a step with all others, count the samples;
 * every few steps rank 0 writes a checkpoint and asks whether it counts.
 */
final class SimulatedTraining {
  private static final int BUCKETS = 2;
  private static final int COMMIT_EVERY = 5; // steps
  private static final long BUCKET_BYTES = 4_096;
  private static final long PATIENCE = 4_000; // without a part until it says so
  private static final int MILLIS = 15_000; // an owner waits no longer for an answer

  /** A rank's part of a bucket: its samples, and the weights they were computed with. */
  private record Part(
      int generation, long step, int bucket, int rank, int from, int to, long weights) {}

  private final Cluster cluster;
  private final SimulatedWorker worker;
  private final Map<List<Long>, Map<Integer, Part>> parts = new HashMap<>();
  private final Set<List<Object>> broken = new HashSet<>(); // generation, peer
  private final Set<End> links = new HashSet<>();

  private Optional<MemberEvent.Ranked> place = Optional.empty();
  private Checkpoint state = new Checkpoint();
  private int run; // what an older one has begun does not go on
  private boolean exchanging;
  private long bytesIn;
  private long bytesOut;
  private long asked;
  private Optional<Request> request = Optional.empty();

  SimulatedTraining(Cluster cluster, SimulatedWorker worker) {
    this.cluster = cluster;
    this.worker = worker;
  }

  Optional<MemberEvent.Ranked> place() {
    return place;
  }

  boolean saving() {
    return request.filter(Commit.class::isInstance).isPresent();
  }

  /** One way in for old and new workers: load the checkpoint that counts, go. */
  void enter(MemberEvent.Ranked ranked) {
    stop();
    place = Optional.of(ranked);
    parts.keySet().removeIf(key -> key.get(0) < ranked.generation());
    bytesIn = 0;
    bytesOut = 0;
    tell(Phase.LOADING);
    List<Long> file = List.of((long) ranked.committedGeneration(), ranked.committedStep());
    state =
        ranked.committedGeneration() == 0
            ? new Checkpoint()
            : cluster.witness.disk.get(file).copy();
    later(50, 200, this::step);
    for (Message.Peer peer : ranked.peers()) {
      if (broken.contains(List.of(ranked.generation(), peer.id()))) {
        accuse(ranked.peers().indexOf(peer));
      }
    }
  }

  /** Stops exchanging: closes the links, forgets what was under way. */
  void stop() {
    run++;
    place = Optional.empty();
    request = Optional.empty();
    exchanging = false;
    List.copyOf(links).forEach(End::close);
    links.clear();
  }

  /** All links with others end, though everybody is well. */
  void breakLinks() {
    List.copyOf(links).forEach(End::reset);
  }

  private void later(long from, long to, Runnable what) {
    int now = run;
    worker.after(
        worker.simulation.draw(from, to),
        () -> {
          if (run == now) {
            what.run();
          }
        });
  }

  private void step() {
    MemberEvent.Ranked here = place.orElseThrow();
    if (state.step() == Checkpoint.STEPS) {
      tell(Phase.LEAVING);
      ask(new Barrier(Barrier.EXIT, MILLIS));
      return;
    }
    tell(Phase.COMPUTING);
    later(100, 300, () -> exchange(here));
  }

  private void exchange(MemberEvent.Ranked here) {
    exchanging = true;
    int first = (int) state.step() * Checkpoint.BATCH;
    int from = first + Checkpoint.BATCH * here.rank() / here.world();
    int to = first + Checkpoint.BATCH * (here.rank() + 1) / here.world();
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
      Part part =
          new Part(here.generation(), state.step(), bucket, here.rank(), from, to, state.weights());
      keep(part);
      for (Message.Peer peer : here.peers()) {
        if (!peer.id().equals(worker.id)) {
          End link = cluster.link(worker, peer.id(), here.generation());
          links.add(link);
          link.send(part);
          bytesOut += BUCKET_BYTES;
        }
      }
    }
    tell(Phase.REDUCING);
    long step = state.step();
    later(PATIENCE, PATIENCE, () -> wait(here, step));
    reduce();
  }

  /** A listener for the link with a peer in a generation. */
  SimulatedNetwork.Listener link(MemberId peer, int generation) {
    return new SimulatedNetwork.Listener() {
      @Override
      public void received(End end, Object message) {
        keep((Part) message);
        bytesIn += BUCKET_BYTES;
        if (exchanging) {
          tell(Phase.REDUCING);
          reduce();
        }
      }

      @Override
      public void closed(End end) {
        links.remove(end);
        broken.add(List.of(generation, peer));
        place
            .filter(here -> here.generation() == generation && !leaving())
            .ifPresent(
                here -> accuse(here.peers().stream().map(Message.Peer::id).toList().indexOf(peer)));
      }
    };
  }

  private boolean leaving() {
    return request.filter(Barrier.class::isInstance).isPresent();
  }

  private void accuse(int rank) {
    suspect(new Suspect(rank, true, "its link has ended"));
  }

  private void suspect(Suspect suspect) {
    worker.carryOut(worker.member.ask(suspect, MILLIS, worker.simulation.now()));
  }

  /** Still at the same step: says for whom it waits. */
  private void wait(MemberEvent.Ranked here, long step) {
    if (!exchanging || state.step() != step) {
      return;
    }
    for (int rank = 0; rank < here.world(); rank++) {
      for (int bucket = 0; bucket < BUCKETS; bucket++) {
        if (!parts.get(key(here.generation(), step, bucket)).containsKey(rank)) {
          suspect(new Suspect(rank, false, "nothing comes"));
          break;
        }
      }
    }
    later(PATIENCE, PATIENCE, () -> wait(here, step));
  }

  private void keep(Part part) {
    parts
        .computeIfAbsent(key(part.generation(), part.step(), part.bucket()), k -> new HashMap<>())
        .put(part.rank(), part);
  }

  private static List<Long> key(long generation, long step, long bucket) {
    return List.of(generation, step, bucket);
  }

  private int buckets(MemberEvent.Ranked here) {
    int done = 0;
    while (done < BUCKETS
        && parts.getOrDefault(key(here.generation(), state.step(), done), Map.of()).size()
            == here.world()) {
      done++;
    }
    return done;
  }

  /** Ends the step if every part of every bucket is here. */
  private void reduce() {
    MemberEvent.Ranked here = place.orElseThrow();
    if (buckets(here) < BUCKETS) {
      return;
    }
    exchanging = false;
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
      Map<Integer, Part> all = parts.remove(key(here.generation(), state.step(), bucket));
      assertThat(all.values().stream().map(Part::weights).distinct())
          .as("weights of all ranks at step %d", state.step())
          .hasSize(1);
      if (bucket == 0) {
        Checkpoint counted = state;
        all.values().forEach(part -> counted.count(part.from(), part.to()));
      }
    }
    state.endStep();
    boolean save = state.step() % COMMIT_EVERY == 0 || state.step() == Checkpoint.STEPS;
    if (save && here.rank() == 0) {
      tell(Phase.SAVING);
      Commit commit = new Commit(state.step());
      request = Optional.of(commit);
      later(50, 400, () -> save(here, commit));
    } else {
      step();
    }
  }

  private void save(MemberEvent.Ranked here, Commit commit) {
    cluster.witness.disk.put(List.of((long) here.generation(), state.step()), state.copy());
    ask(commit);
  }

  private void ask(Request what) {
    request = Optional.of(what);
    asked = worker.member.nextRequest();
    worker.carryOut(worker.member.ask(what, MILLIS, worker.simulation.now()));
  }

  void answered(long id, Reply reply) {
    if (id != asked || request.isEmpty()) {
      return;
    }
    if (reply instanceof Refusal refusal) {
      assertThat(refusal.code()).isIn(Code.STALE_GENERATION, Code.TIMEOUT);
      failed(id);
    } else if (request.get() instanceof Commit) {
      assertThat(reply).isInstanceOf(Committed.class);
      request = Optional.empty();
      step();
    } else {
      assertThat(reply).isInstanceOf(Done.class);
      worker.leave();
    }
  }

  /** Asks again, unless the generation has ended meanwhile. */
  void failed(long id) {
    if (id == asked && request.isPresent()) {
      Request again = request.get();
      later(100, 200, () -> ask(again));
    }
  }

  private void tell(Phase phase) {
    int bucket = place.map(this::buckets).orElse(0);
    worker.member.progress(new Heartbeat(state.step(), bucket, bytesIn, bytesOut, phase));
  }
}
