package io.gradsieve.bench.dist;

import io.gradsieve.config.TrainingConfig;
import io.gradsieve.dist.control.Membership;
import io.gradsieve.dist.control.Protection;
import io.gradsieve.dist.control.RendezvousServer;
import io.gradsieve.dist.rendezvous.Bytes;
import io.gradsieve.dist.rendezvous.Deadlines;
import io.gradsieve.dist.rendezvous.MemberId;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Peer;
import io.gradsieve.dist.rendezvous.Rules;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * How long many workers take from their first packet until each knows its rank and all others, on
 * this machine: {@code java -cp bench/target/benchmarks.jar io.gradsieve.bench.dist.Joiners [N]
 * [BACKLOG]}. They have no ring to be tried at, and share one thread.
 */
public final class Joiners {
  private static final Duration LONGEST = Duration.ofMinutes(2);
  private static final int ROUNDS = 5;

  private Joiners() {}

  /** Prints the seconds of each round. */
  public static void main(String[] arguments) {
    int count = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 2_000;
    int backlog = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 4_096;
    for (int round = 0; round < ROUNDS; round++) {
      System.out.printf(
          Locale.ROOT, "%d workers, backlog %d: %.2f s%n", count, backlog, seconds(count, backlog));
    }
    System.exit(0);
  }

  private static double seconds(int count, int backlog) {
    Rules rules =
        new Rules(
            "bench",
            OptionalInt.of(count),
            count,
            false,
            new Deadlines(Deadlines.STANDARD),
            LONGEST.toMillis());
    EventLoopGroup clients = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    List<String> configuration = TrainingConfig.of().jobSettings("");
    List<Membership> members = new ArrayList<>();
    Protection protection = Protection.none();
    try (RendezvousServer server =
        RendezvousServer.start(
            new InetSocketAddress("127.0.0.1", 0), rules, protection, line -> {}, backlog)) {
      long start = System.nanoTime();
      for (int rank = 0; rank < count; rank++) {
        Peer self = new Peer(MemberId.of(rank, rank, rank), 1, "avx2", List.of());
        Bytes hash = Bytes.of(new byte[32]);
        Join join = new Join("bench", self, "1", hash, configuration, false);
        members.add(
            Membership.join(
                "127.0.0.1",
                server.port(),
                "bench",
                join,
                protection,
                token -> {},
                LONGEST,
                line -> {},
                clients));
      }
      for (Membership member : members) {
        if (member.ranked().world() != count) {
          throw new IllegalStateException("a generation of another size");
        }
      }
      double seconds = (System.nanoTime() - start) * 1e-9;
      members.forEach(Membership::close);
      return seconds;
    } finally {
      clients.shutdownGracefully();
    }
  }
}
