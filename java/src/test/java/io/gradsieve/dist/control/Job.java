package io.gradsieve.dist.control;

import io.gradsieve.dist.handshake.Token;
import io.gradsieve.dist.rendezvous.Bytes;
import io.gradsieve.dist.rendezvous.Deadlines;
import io.gradsieve.dist.rendezvous.MemberId;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Peer;
import io.gradsieve.dist.rendezvous.Rules;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/** A job on loopback for tests: its server, its members, what they logged. */
final class Job implements AutoCloseable {
  static final String NAME = "job-7f3a";
  static final Duration SOON = Duration.ofSeconds(20); // a loaded machine's soon

  static {
    BufferLeaks.watch();
  }

  final Log log = new Log();
  private final Protection protection;
  private final List<Membership> members = new ArrayList<>();
  private RendezvousServer server;
  private long ids;

  Job(int workers, int failureTimeout, long joinTimeout, Protection protection) {
    this.protection = protection;
    server = start(workers, failureTimeout, joinTimeout, 0);
  }

  /** With a token of its own. */
  Job(int workers, int failureTimeout) {
    this(workers, failureTimeout, 60_000, token(1));
  }

  private RendezvousServer start(int workers, int failureTimeout, long joinTimeout, int port) {
    var deadlines = new Deadlines(failureTimeout);
    return RendezvousServer.start(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
        new Rules(NAME, OptionalInt.of(workers), 1, false, deadlines, joinTimeout),
        protection,
        log::add);
  }

  static Protection token(int which) {
    byte[] key = new byte[32];
    key[0] = (byte) which;
    return new Protection(Optional.of(Token.fresh(key)), Optional.empty());
  }

  RendezvousServer server() {
    return server;
  }

  int port() {
    return server.port();
  }

  /** The server dies, and another one takes its port. */
  void restart(int workers, int failureTimeout) {
    int port = server.port();
    server.close(Optional.empty());
    server = start(workers, failureTimeout, 60_000, port);
  }

  Membership member(String... addresses) {
    return member(protection, 0x11, addresses);
  }

  Membership member(Protection own, int data, String... addresses) {
    return member(own, NAME, data, addresses);
  }

  Membership member(Protection own, String job, int data, String... addresses) {
    return member(own, token -> {}, job, data, addresses);
  }

  /** One whose ring's token goes to whoever is given. */
  Membership member(Consumer<Token> ringToken, String... addresses) {
    return member(protection, ringToken, NAME, 0x11, addresses);
  }

  private Membership member(
      Protection own, Consumer<Token> ringToken, String job, int data, String... addresses) {
    Membership member =
        Membership.join(
            "127.0.0.1",
            server.port(),
            job,
            join(job, ++ids, data, addresses),
            own,
            ringToken,
            Duration.ofSeconds(10),
            log::add);
    members.add(member);
    return member;
  }

  /** So many members, each in its first generation. */
  List<Membership> members(int count) {
    List<Membership> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(member());
    }
    all.forEach(Membership::ranked);
    return all;
  }

  static Join join(String job, long id, int data, String... addresses) {
    Peer self = new Peer(new MemberId(0, id), 8, "avx2", List.of(addresses));
    return new Join(job, self, "1.0", hash(data), List.of("lr=0.02"), false);
  }

  static Bytes hash(int value) {
    byte[] hash = new byte[32];
    Arrays.fill(hash, (byte) value);
    return Bytes.of(hash);
  }

  @Override
  public void close() {
    members.forEach(Membership::close);
    server.close();
  }
}
