package io.gradsieve.dist.control;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.handshake.CauseCounter;
import io.gradsieve.dist.handshake.ConnectionLimits;
import io.gradsieve.dist.handshake.Token;
import io.gradsieve.dist.rendezvous.Bytes;
import io.gradsieve.dist.rendezvous.Limits;
import io.gradsieve.dist.rendezvous.Message.RingToken;
import io.gradsieve.dist.rendezvous.Rules;
import io.gradsieve.dist.rendezvous.Stage;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * The rendezvous server of a job, on a socket. One thread has everything: it accepts, lets in
 * ({@link Doorman}), looks whether workers can be reached ({@link AddressCheck}) and drives the
 * {@link io.gradsieve.dist.rendezvous.Coordinator}, which decides.
 */
public final class RendezvousServer implements AutoCloseable {
  /** Bytes not yet sent to a member, above which nothing more is read of it: a list of 4,096. */
  static final WriteBufferWaterMark UNSENT = new WriteBufferWaterMark(512 << 10, 1 << 20);

  private static final Path LONGEST_BACKLOG = Path.of("/proc/sys/net/core/somaxconn");
  private static final int OLD_BACKLOG = 128; // of kernels before 5.4
  private static final long BIND_SECONDS = 10;
  private static final long CLOSE_SECONDS = 5;

  private final EventLoopGroup group;
  private final Channel listener;
  private final CoordinatorLoop desk;
  private final CauseCounter causes;
  private final Consumer<String> log;
  private final AtomicBoolean closed = new AtomicBoolean();

  private RendezvousServer(
      EventLoopGroup group,
      Channel listener,
      CoordinatorLoop desk,
      CauseCounter causes,
      Consumer<String> log) {
    this.group = group;
    this.listener = listener;
    this.desk = desk;
    this.causes = causes;
    this.log = log;
  }

  /**
   * Listens, with the longest queue of connections the kernel allows.
   *
   * @param bind where; port 0 for any that is free
   * @param rules of the job; its name is also the job's id in handshakes
   * @param log for a line now and then, from the server's thread
   * @throws Usage if the port is taken, the host is not this machine's, it can be reached from
   *     others and nothing protects it, or a file is wrong
   */
  public static RendezvousServer start(
      InetSocketAddress bind, Rules rules, Protection protection, Consumer<String> log) {
    return start(bind, rules, protection, log, longestBacklog());
  }

  /** The same with a queue of this length, for measurements. */
  public static RendezvousServer start(
      InetSocketAddress bind,
      Rules rules,
      Protection protection,
      Consumer<String> log,
      int backlog) {
    String where = bind.getHostString() + ":" + bind.getPort();
    if (bind.isUnresolved()) {
      throw new Usage("can't listen on %s: the host has no address, check it".formatted(where));
    }
    protection.require(bind.getAddress(), "the rendezvous server");
    DefaultThreadFactory threads = new DefaultThreadFactory("gradsieve-rendezvous", true);
    EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, threads, NioIoHandler.newFactory());
    try {
      EventLoop loop = group.next();
      CauseCounter causes = new CauseCounter();
      ConnectionLimits limits = ConnectionLimits.standard();
      Optional<RingToken> handed =
          protection.ringToken().isPresent() ? Optional.empty() : Optional.of(freshToken());
      Token ring =
          protection
              .ringToken()
              .orElseGet(() -> Token.fresh(handed.orElseThrow().token().toArray()));
      AddressCheck addresses = new AddressCheck(new RingProbe(loop, rules.job(), ring));
      CoordinatorLoop desk = new CoordinatorLoop(rules, loop, addresses, log);
      ChannelFuture binding =
          new ServerBootstrap()
              .group(group)
              .channel(NioServerSocketChannel.class)
              .option(ChannelOption.SO_BACKLOG, backlog)
              .option(
                  ChannelOption.RECVBUF_ALLOCATOR,
                  new ServerChannelRecvByteBufAllocator().maxMessagesPerRead(UnhurriedListener.ROW))
              .handler(new UnhurriedListener(desk::stage, rules.deadlines().look()))
              .childOption(ChannelOption.TCP_NODELAY, true)
              .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, UNSENT)
              .childHandler(new Doorman(rules.job(), protection, handed, desk, limits, causes, log))
              .bind(bind);
      if (!binding.awaitUninterruptibly(BIND_SECONDS, TimeUnit.SECONDS)) {
        throw new Usage("can't listen on %s: the system does not answer".formatted(where));
      }
      if (!binding.isSuccess()) {
        throw refused(where, binding.cause());
      }
      loop.execute(desk::begin);
      return new RendezvousServer(group, binding.channel(), desk, causes, log);
    } catch (RuntimeException e) {
      group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      throw e;
    }
  }

  private static RingToken freshToken() {
    byte[] random = new byte[Limits.HASH];
    new SecureRandom().nextBytes(random);
    return new RingToken(Bytes.of(random));
  }

  private static Usage refused(String where, Throwable cause) {
    String text = String.valueOf(cause.getMessage());
    String problem = text + ", choose another address";
    if (cause instanceof BindException && text.contains("in use")) {
      problem = "another process listens there, end it or choose another port";
    } else if (cause instanceof BindException && text.contains("assign")) {
      problem = "the host is none of this machine's addresses, start it there";
    } else if (text.contains("denied")) {
      problem = "the system forbids this port, choose one above 1023";
    }
    return new Usage("can't listen on %s: %s".formatted(where, problem));
  }

  private static int longestBacklog() {
    try {
      // in one read: of a second one the kernel says that the file has ended
      return Integer.parseInt(Files.readAllLines(LONGEST_BACKLOG).get(0).strip());
    } catch (IOException | NumberFormatException e) {
      return OLD_BACKLOG;
    }
  }

  /** Where it listens. */
  public int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /** How far the job has come. */
  public Stage stage() {
    return desk.stage();
  }

  /** Why the job failed, if it did. */
  public Optional<String> failure() {
    return desk.failure();
  }

  /** Waits until the job has ended; false if it has not by then. */
  public boolean awaitEnd(Duration longest) throws InterruptedException {
    return desk.ended().await(longest.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Listens no more, and hangs up when what was said last has gone out, after 5 s in any case. Says
   * how many connections were refused, by cause.
   */
  @Override
  public void close() {
    close("the rendezvous server was stopped");
  }

  /** The same, for a reason that the members of a job that goes on are told. */
  public void close(String reason) {
    close(Optional.of(reason));
  }

  /** Without a last word it is to the members as if the process had died. */
  void close(Optional<String> lastWord) {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    listener.close();
    group
        .next()
        .submit(() -> desk.close(lastWord))
        .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    desk.allClosed().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    group
        .shutdownGracefully(0, 1, TimeUnit.SECONDS)
        .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    causes.summary().forEach(log);
  }
}
