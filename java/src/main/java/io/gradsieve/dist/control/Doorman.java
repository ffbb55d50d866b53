package io.gradsieve.dist.control;

import io.gradsieve.dist.handshake.CauseCounter;
import io.gradsieve.dist.handshake.ConnectionLimits;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.handshake.Purpose;
import io.gradsieve.dist.handshake.Refusal;
import io.gradsieve.dist.handshake.ServerHandshake;
import io.gradsieve.dist.rendezvous.Frame;
import io.gradsieve.dist.rendezvous.Message.RingToken;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.ssl.SslContext;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Whom the server lets in. The pipeline of a connection, all of it:
 *
 * <pre>
 *   [TLS] - Authentication                                        at first
 *   [TLS] - FrameOpener - FrameSealer - CoordinatorLoop's         when authenticated
 * </pre>
 */
final class Doorman extends ChannelInitializer<Channel> {
  private static final int NONCE = 32;

  /** Held for a connection: a read of bytes; with TLS a record. */
  static final int HELD = 2 << 10;

  private static final int HELD_WITH_TLS = 16 << 10;

  private final ServerHandshake.Member me;
  private final Protection protection;
  private final Optional<RingToken> ringToken;
  private final Optional<SslContext> tls;
  private final CoordinatorLoop desk;
  private final ConnectionLimits limits;
  private final CauseCounter causes;
  private final Consumer<String> log;
  private final SecureRandom random = new SecureRandom();

  /**
   * Of a server.
   *
   * @param ringToken for those whom it lets in, where certificates alone protect the job
   */
  Doorman(
      String job,
      Protection protection,
      Optional<RingToken> ringToken,
      CoordinatorLoop desk,
      ConnectionLimits limits,
      CauseCounter causes,
      Consumer<String> log) {
    this.me = new ServerHandshake.Member(job, Purpose.CONTROL, Introduction.NONE);
    this.protection = protection;
    this.ringToken = ringToken;
    this.tls = protection.tls().map(TlsContexts::server);
    this.desk = desk;
    this.limits = limits;
    this.causes = causes;
    this.log = log;
  }

  @Override
  protected void initChannel(Channel channel) {
    if (channel.remoteAddress() instanceof InetSocketAddress peer) {
      admit(channel, peer.getAddress());
    } else {
      channel.close(); // gone already
    }
  }

  /** Lets it prove itself, unless there are too many who have not. */
  void admit(Channel channel, InetAddress peer) {
    Optional<Refusal> full = limits.enter(peer);
    if (full.isPresent()) {
      turnAway(channel, peer, full.get());
      return;
    }
    int held = tls.isPresent() ? HELD_WITH_TLS : HELD;
    full = limits.hold(held);
    if (full.isPresent()) {
      limits.leave(peer);
      turnAway(channel, peer, full.get());
      return;
    }
    Runnable leave = once(() -> limits.leave(peer), () -> limits.release(held));
    channel.closeFuture().addListener(closed -> leave.run());
    tls.ifPresent(context -> channel.pipeline().addLast(TlsContexts.handler(context, channel)));
    byte[] nonce = new byte[NONCE];
    random.nextBytes(nonce);
    var handshake = new ServerHandshake(me, protection.handshakeToken(), nonce, System.nanoTime());
    channel.pipeline().addLast(new Authentication(handshake, new Verdict(peer, leave)));
  }

  private void turnAway(Channel channel, InetAddress peer, Refusal refusal) {
    count(refusal, peer);
    // in TLS the peer could not read it, and learns as much from the end
    var told = tls.isPresent() ? Unpooled.EMPTY_BUFFER : told(refusal);
    channel.writeAndFlush(told).addListener(ChannelFutureListener.CLOSE);
  }

  private static ByteBuf told(Refusal refusal) {
    return Unpooled.wrappedBuffer(ServerHandshake.refusal(refusal));
  }

  private void count(Refusal refusal, InetAddress peer) {
    causes.count(refusal, peer).ifPresent(log);
  }

  private static Runnable once(Runnable... actions) {
    boolean[] done = new boolean[1];
    return () -> {
      if (!done[0]) {
        done[0] = true;
        for (Runnable action : actions) {
          action.run();
        }
      }
    };
  }

  private final class Verdict implements Authentication.Verdict {
    private final InetAddress peer;
    private final Runnable leave;

    Verdict(InetAddress peer, Runnable leave) {
      this.peer = peer;
      this.leave = leave;
    }

    @Override
    public void authenticated(ChannelHandlerContext ctx, Outcome.Done done) {
      leave.run();
      ctx.pipeline()
          .addLast(new FrameOpener(done.seal(), refusal -> count(refusal, peer)))
          .addLast(new FrameSealer(done.seal()))
          .addLast(desk.connection(ctx.channel(), peer));
      ringToken.ifPresent(secret -> ctx.channel().writeAndFlush(new Frame(0, 0, secret)));
    }

    @Override
    public void refused(ChannelHandlerContext ctx, Refusal refusal, boolean told) {
      count(refusal, peer);
    }
  }
}
