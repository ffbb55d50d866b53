package io.gradsieve.dist.rendezvous;

import java.util.Optional;

/** How long a member has not heard the server, and what is known of why. */
final class Silence {
  private static final long NEVER = Long.MAX_VALUE;

  private long heard; // the last byte of the server's
  private long awake; // the last call
  private long paused; // between the last two calls
  private long absent = NEVER; // since then nobody listens at the server's port

  /** It begins anew. */
  void begin(long now) {
    heard = now;
    awake = now;
  }

  /** The server said something. */
  void hear(long now) {
    heard = now;
    absent = NEVER;
  }

  /** An attempt to connect has failed. */
  void failed(boolean nobodyListens, long now) {
    absent = nobodyListens ? Math.min(absent, now) : NEVER;
  }

  /** Time has passed. */
  void pass(long now) {
    paused = now - awake;
    awake = now;
  }

  /** When the server was last heard. */
  long since() {
    return heard;
  }

  /**
   * Why the server is given up, if it is. Whoever listens later where it was knows nothing of its
   * job.
   *
   * @param known whether it was reached before
   */
  Optional<String> end(boolean known, long longest, Deadlines deadlines, long now) {
    if (known && absent != NEVER && now - absent >= deadlines.gather()) {
      return Optional.of(
          "nobody listens there any more, so the job has ended; go on with --resume");
    }
    return now - heard < longest
        ? Optional.empty()
        : Optional.of("the server can't be reached: nothing for " + Worker.seconds(now - heard));
  }

  /** For people, with the time that this process itself did not run, if it was long. */
  String text(long now, Deadlines deadlines) {
    String text = "heard nothing from the server for " + Worker.seconds(now - heard);
    return paused < deadlines.suspect()
        ? text
        : "%s, and did not run itself for %s of that (stopped, or the machine slept)"
            .formatted(text, Worker.seconds(Math.min(paused, now - heard)));
  }
}
