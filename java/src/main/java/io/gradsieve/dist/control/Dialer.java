package io.gradsieve.dist.control;

import io.gradsieve.dist.cluster.Address;
import io.gradsieve.dist.handshake.ClientHandshake;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.handshake.Refusal;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.util.NetUtil;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Connects to the rendezvous server: looks its name up anew, tries all addresses, the next one when
 * one has failed or is slow, and takes the first where the server has proved itself. For one event
 * loop; only names are looked up in another thread, as that blocks.
 */
final class Dialer {
  private static final int NONCE = 32;

  /** Until the next address is tried beside one that is slow (RFC 8305 has 250 ms). */
  private static final long NEXT_ADDRESS_MILLIS = 250;

  private static final int CONNECT_MILLIS = 5_000;

  static final String REFUSED = "connection refused";
  static final String NO_ANSWER = "no answer";
  static final String NO_ROUTE = "no route";
  static final String NO_NAME = "its name has no address";

  /** What trying again would not change. */
  private static final Set<Refusal> FINAL =
      EnumSet.of(
          Refusal.NOT_GRADSIEVE,
          Refusal.OTHER_VERSION,
          Refusal.OTHER_JOB,
          Refusal.OTHER_PURPOSE,
          Refusal.OTHER_MEMBER,
          Refusal.WRONG_TOKEN,
          Refusal.ONLY_TLS,
          Refusal.NO_TLS,
          Refusal.OTHER_AUTHORITY,
          Refusal.OLD_CERTIFICATE,
          Refusal.UNFIT_CERTIFICATE,
          Refusal.REFUSES_CERTIFICATE);

  private final String host;
  private final int port;
  private final EventLoop loop;
  private final Executor names;
  private final Protection protection;
  private final Optional<SslContext> tls;
  private final SecureRandom random = new SecureRandom();

  /** What becomes of an attempt; called in the event loop, never within {@link #dial}. */
  interface Listener {
    /** Authenticated: add what takes frames to the pipeline. */
    void open(Channel channel);

    /** No address led there. */
    void failed(String reason, Outlook outlook);
  }

  /** What may come of another attempt. */
  enum Outlook {
    OPEN,
    /** Nobody listens there: who did before is gone. */
    NOBODY_LISTENS,
    /** It would change nothing. */
    HOPELESS
  }

  /**
   * To a server.
   *
   * @param names where names are looked up
   */
  Dialer(String host, int port, EventLoop loop, Executor names, Protection protection) {
    this.host = host;
    this.port = port;
    this.loop = loop;
    this.names = names;
    this.protection = protection;
    this.tls = protection.tls().map(TlsContexts::client);
  }

  /** Whether the server's first frame is the ring's token. */
  boolean bringsRingToken() {
    return protection.ringToken().isEmpty();
  }

  /** For people: host and port. */
  String where() {
    return new Address(host, port).toString();
  }

  /** Begins an attempt. */
  Attempt dial(Introduction me, Listener listener) {
    Attempt attempt = new Attempt(me, listener);
    boolean literal = NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host);
    (literal ? loop : names).execute(attempt::lookUp);
    return attempt;
  }

  /** In a few words, why no connection came about. */
  static String reason(Throwable cause) {
    String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
    if (cause instanceof SocketTimeoutException || text.contains("timed out")) {
      return NO_ANSWER;
    } else if (cause instanceof NoRouteToHostException || text.contains("unreachable")) {
      return NO_ROUTE;
    } else if (cause instanceof ConnectException) {
      return REFUSED;
    }
    return "can't connect";
  }

  /** One, with all addresses of the name. */
  final class Attempt {
    private final Introduction me;
    private final Listener listener;
    private final Deque<InetAddress> untried = new ArrayDeque<>();
    private final List<Channel> tried = new ArrayList<>();
    private String reason = NO_ANSWER;
    private boolean silent = true; // nobody listens at any address tried
    private int running;
    private volatile boolean over;

    private Attempt(Introduction me, Listener listener) {
      this.me = me;
      this.listener = listener;
    }

    /** Nothing more is heard of it, and what it opened is closed. */
    void cancel() {
      over = true;
      tried.forEach(Channel::close);
    }

    private void lookUp() {
      if (over) {
        return;
      }
      try {
        List<InetAddress> found = FreshNames.of(host);
        // an executor that is shut down has nobody left to tell
        loop.execute(
            () -> {
              untried.addAll(found);
              next();
            });
      } catch (UnknownHostException e) {
        loop.execute(() -> fail(NO_NAME, Outlook.OPEN));
      }
    }

    private void next() {
      if (over || untried.isEmpty()) {
        return;
      }
      running++;
      Try one = new Try();
      var connecting =
          new Bootstrap()
              .group(loop)
              .channel(NioSocketChannel.class)
              .option(ChannelOption.TCP_NODELAY, true)
              .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
              .handler(one)
              .connect(new InetSocketAddress(untried.remove(), port));
      tried.add(connecting.channel());
      connecting.addListener(
          connected -> {
            if (!connected.isSuccess()) {
              String why = reason(connected.cause());
              one.failed(why, why.equals(REFUSED) ? Outlook.NOBODY_LISTENS : Outlook.OPEN);
            }
          });
      if (!untried.isEmpty()) {
        loop.schedule(this::next, NEXT_ADDRESS_MILLIS, TimeUnit.MILLISECONDS);
      }
    }

    private void fail(String why, Outlook outlook) {
      if (!over) {
        cancel();
        listener.failed(why, outlook);
      }
    }

    /** One address. */
    private final class Try extends ChannelInitializer<Channel> implements Authentication.Verdict {
      private boolean ended;

      @Override
      protected void initChannel(Channel channel) {
        tls.ifPresent(context -> channel.pipeline().addLast(TlsContexts.handler(context, channel)));
        byte[] nonce = new byte[NONCE];
        random.nextBytes(nonce);
        var handshake =
            new ClientHandshake(me, protection.handshakeToken(), nonce, System.nanoTime());
        channel.pipeline().addLast(new Authentication(handshake, this));
      }

      @Override
      public void authenticated(ChannelHandlerContext ctx, Outcome.Done done) {
        if (over) {
          ctx.close();
          return;
        }
        over = true;
        tried.stream().filter(other -> other != ctx.channel()).forEach(Channel::close);
        ctx.pipeline()
            .addLast(new FrameOpener(done.seal(), refusal -> {}))
            .addLast(new FrameSealer(done.seal()));
        listener.open(ctx.channel());
      }

      @Override
      public void refused(ChannelHandlerContext ctx, Refusal refusal, boolean told) {
        failed(
            "what answers there " + refusal.text(),
            FINAL.contains(refusal) ? Outlook.HOPELESS : Outlook.OPEN);
      }

      private void failed(String why, Outlook outlook) {
        if (ended) {
          return;
        }
        ended = true;
        running--;
        reason = why;
        silent &= outlook == Outlook.NOBODY_LISTENS;
        if (outlook == Outlook.HOPELESS) {
          fail(why, outlook);
        } else if (!untried.isEmpty()) {
          next();
        } else if (running == 0) {
          fail(reason, silent ? Outlook.NOBODY_LISTENS : Outlook.OPEN);
        }
      }
    }
  }
}
