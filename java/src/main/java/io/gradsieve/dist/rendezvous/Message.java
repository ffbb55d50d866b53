package io.gradsieve.dist.rendezvous;

import java.util.List;
import java.util.Optional;

/**
 * What workers and the rendezvous server say to each other. {@link MessageCodec} has the bytes. A
 * record refuses with {@link IllegalArgumentException} what is beyond {@link Limits}.
 *
 * <p>To add one: a record here, a line and two methods in {@link MessageCodec}, its drawing in
 * {@code docs/rendezvous.md}, its golden bytes in {@code MessageCodecTest}.
 */
public sealed interface Message {
  /** From a worker to the server; the same request sent again does no harm. */
  sealed interface Request extends Message {}

  /** From the server, to a request. */
  sealed interface Reply extends Message {}

  /** From the server, unasked. */
  sealed interface Push extends Message {}

  /**
   * A worker as the others know it.
   *
   * @param cores how many it computes with
   * @param instructionSet what its kernels may use; all agree on the lowest
   * @param addresses where others reach it, {@code host:port}
   */
  record Peer(MemberId id, int cores, String instructionSet, List<String> addresses) {
    /** A worker. */
    public Peer {
      Limits.notNegative("cores", cores);
      Limits.text("instruction set", instructionSet, Limits.NAME);
      addresses = List.copyOf(addresses);
      Limits.addresses(addresses);
    }
  }

  // ---- requests

  /**
   * Wants to be a member. The frame's generation is the newest one the worker has heard of.
   *
   * @param job the job's name, so that another job on the same port is noticed
   * @param code version of the program
   * @param data SHA-256 of the data
   * @param configuration all settings that must agree, each {@code name=value} of an option
   * @param resumes true to go on as a member of the frame's generation after a lost connection;
   *     false to enter a newer one
   */
  record Join(
      String job, Peer self, String code, Bytes data, List<String> configuration, boolean resumes)
      implements Request {
    /** A request to be a member. */
    public Join {
      Limits.name("job", job, Limits.NAME);
      Limits.text("code", code, Limits.NAME);
      Limits.hash("data", data);
      configuration = List.copyOf(configuration);
      Limits.settings(configuration);
    }

    Join resuming() {
      return new Join(job, self, code, data, configuration, true);
    }
  }

  /** Sets a key of the generation. */
  record SetKey(String key, Bytes value) implements Request {
    /** A key and its new value. */
    public SetKey {
      Limits.name("key", key, Limits.KEY);
      Limits.atMost("value bytes", value.size(), Limits.VALUE);
    }
  }

  /** Asks for a key's value now. */
  record GetKey(String key) implements Request {
    /** A question for a key. */
    public GetKey {
      Limits.name("key", key, Limits.KEY);
    }
  }

  /** Asks for a key's value as soon as it has one, for so many milliseconds. */
  record WaitKey(String key, int millis) implements Request {
    /** A question for a key that may come later. */
    public WaitKey {
      Limits.name("key", key, Limits.KEY);
      Limits.notNegative("milliseconds", millis);
    }
  }

  /**
   * Waits, for so many milliseconds, until every member of the generation is here. A name serves
   * once in a generation.
   */
  record Barrier(String name, int millis) implements Request {
    /** The last one of a job: after it members may leave. */
    public static final String EXIT = "exit";

    /** A barrier. */
    public Barrier {
      Limits.name("barrier", name, Limits.KEY);
      Limits.notNegative("milliseconds", millis);
    }
  }

  /** What a worker does. The names are for people, the order is the wire's. */
  enum Phase {
    /** Is in no generation. */
    WAITING,
    /** Loads the checkpoint. */
    LOADING,
    /** Computes, which moves no bytes. */
    COMPUTING,
    /** Exchanges with the others, which moves bytes. */
    REDUCING,
    /** Writes a checkpoint. */
    SAVING,
    /** Is done. */
    LEAVING
  }

  /**
   * Is alive, and how far.
   *
   * @param step steps finished
   * @param bucket buckets finished in this step
   * @param bytesIn bytes received from other workers in this generation
   * @param bytesOut bytes sent to them
   */
  record Heartbeat(long step, int bucket, long bytesIn, long bytesOut, Phase phase)
      implements Request {
    /** Before the first. */
    static final Heartbeat NONE = new Heartbeat(0, 0, 0, 0, Phase.WAITING);

    /** A sign of life. */
    public Heartbeat {
      Limits.notNegative("step", step);
      Limits.notNegative("bucket", bucket);
      Limits.notNegative("bytes in", bytesIn);
      Limits.notNegative("bytes out", bytesOut);
    }
  }

  /** Goes for good. */
  record Leave() implements Request {}

  /**
   * Waits for a member of the generation.
   *
   * @param broken true if nothing can come any more, for instance because the link has ended: a
   *     verdict is due soon; false if it may only be slow: asked again every few seconds, it helps
   *     to name the right one if all stand still
   */
  record Suspect(int rank, boolean broken, String reason) implements Request {
    /** A suspicion. */
    public Suspect {
      Limits.notNegative("rank", rank);
      Limits.text("reason", reason, Limits.REASON);
    }
  }

  /** Has written the checkpoint of a step beside the last one; asks whether it may count. */
  record Commit(long step) implements Request {
    /** A checkpoint. */
    public Commit {
      Limits.notNegative("step", step);
    }
  }

  // ---- replies

  /** Joined; the server's one deadline, in milliseconds, from which all others follow. */
  record Welcome(int failureTimeout) implements Reply {
    /** Accepted as a worker. */
    public Welcome {
      Deadlines.check(failureTimeout);
    }
  }

  /** Done as asked: the key is set, all are at the barrier, the member has left. */
  record Done() implements Reply {}

  /** A key's value; empty if it has none. */
  record Value(Optional<Bytes> value) implements Reply {
    /** An answer for a key. */
    public Value {
      value.ifPresent(v -> Limits.atMost("value bytes", v.size(), Limits.VALUE));
    }
  }

  /** The server heard the heartbeat. */
  record Alive() implements Reply {}

  /** The checkpoint of this step counts. */
  record Committed(long step) implements Reply {
    /** An accepted checkpoint. */
    public Committed {
      Limits.notNegative("step", step);
    }
  }

  /** Why not. The names are for people, the order is the wire's. */
  enum Code {
    /** The generation has ended, or the sender is not in it. */
    STALE_GENERATION,
    /** The server serves another job. */
    ANOTHER_JOB,
    /** The worker runs another version of the program. */
    ANOTHER_CODE,
    /** The worker has other data. */
    ANOTHER_DATA,
    /** The worker has other options. */
    ANOTHER_CONFIGURATION,
    /** A limit of the server is reached; later there may be room. */
    LIMIT,
    /** The request makes no sense here. */
    BAD_REQUEST,
    /** The wait is over and what was waited for did not come. */
    TIMEOUT,
    /** Too few workers came in time; the job has failed. */
    TOO_FEW,
    /** The job is over. */
    ENDED,
    /** The others could not go on with this worker, more than once. */
    EXCLUDED
  }

  /** A request refused; with request id 0 the server's last word on a connection. */
  record Refusal(Code code, String reason) implements Reply {
    /** A refusal. */
    public Refusal {
      Limits.text("reason", reason, Limits.REASON);
    }
  }

  // ---- pushes

  /**
   * A new generation, the frame's, has formed.
   *
   * @param rank the receiver's
   * @param world how many members; {@link Members} frames follow with all of them
   * @param committedGeneration the generation of the last checkpoint that counts; 0 for none
   * @param committedStep its step
   */
  record Ranked(int rank, int world, int committedGeneration, long committedStep) implements Push {
    /** A place in a generation. */
    public Ranked {
      Limits.notNegative("rank", rank);
      Limits.atMost("world", world, Limits.WORKERS);
      Limits.atMost("rank", rank, world - 1L);
      Limits.notNegative("committed generation", committedGeneration);
      Limits.notNegative("committed step", committedStep);
    }
  }

  /** Members of the frame's generation, by rank, from rank {@code first} on. */
  record Members(int first, List<Peer> peers) implements Push {
    /** A page of members. */
    public Members {
      Limits.notNegative("first", first);
      peers = List.copyOf(peers);
      Limits.atMost("peers", peers.size(), Limits.PAGE);
    }
  }

  /**
   * The frame's generation has ended: stop exchanging within a second, then join the next.
   *
   * @param culprit the rank that is lost or left; {@link #NOBODY} if a new worker is the reason
   */
  record Abort(int culprit, String reason) implements Push {
    /** Nobody is to blame. */
    public static final int NOBODY = -1;

    /** A verdict. */
    public Abort {
      Limits.notNegative("culprit", culprit + 1L);
      Limits.text("reason", reason, Limits.REASON);
    }
  }

  /**
   * What members prove themselves with on the ring, where certificates alone protect the job: the
   * first frame of a connection, only ever sent in TLS.
   */
  record RingToken(Bytes token) implements Push {
    /** A secret. */
    public RingToken {
      Limits.hash("token", token); // as many bytes
    }

    /** Nothing of it: frames may be logged. */
    @Override
    public String toString() {
      return "RingToken[]";
    }
  }
}
