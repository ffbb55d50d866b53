package io.gradsieve.dist.rendezvous;

/**
 * One thing that goes wrong.
 *
 * @param host whose; 0 is the server's
 * @param at milliseconds from the start
 * @param lasts milliseconds until it is well again, for a crash until another process starts; 0 for
 *     never
 */
record Fault(Kind kind, int host, long at, long lasts) {
  private static final long SELDOM = 900; // ms: time enough to connect and to lose an answer

  /** What goes wrong. */
  enum Kind {
    /** The process dies. */
    CRASH,
    /** The process is stopped; its connections stay. */
    STOP,
    /** The host reaches nobody. */
    PARTITION,
    /** The worker reaches the server and no other worker. */
    UNLINK,
    /** The connection to the server breaks again and again. */
    RESET
  }

  private void reset(Cluster cluster, long end) {
    cluster.at(host).resetControl();
    if (cluster.simulation.now() < end) {
      cluster.simulation.after(
          cluster.simulation.draw(SELDOM, 2 * SELDOM), () -> reset(cluster, end));
    }
  }

  void arrange(Cluster cluster) {
    cluster.simulation.after(at, () -> begin(cluster));
  }

  private void begin(Cluster cluster) {
    cluster.simulation.tell("fault: " + this);
    SimulatedProcess process = host == 0 ? cluster.server : cluster.at(host);
    Runnable end =
        switch (kind) {
          case CRASH -> {
            process.kill();
            yield () -> cluster.start(host);
          }
          case STOP -> {
            process.stop();
            yield process::resume;
          }
          case PARTITION -> {
            cluster.cut(host, true);
            yield () -> cluster.heal(host);
          }
          case UNLINK -> {
            cluster.cut(host, false);
            yield () -> cluster.heal(host);
          }
          case RESET -> {
            reset(cluster, cluster.simulation.now() + lasts);
            yield () -> {};
          }
        };
    if (lasts > 0) {
      cluster.simulation.after(
          lasts,
          () -> {
            cluster.simulation.tell("well again: " + this);
            end.run();
          });
    }
  }
}
