package io.gradsieve.dist.control;

import io.gradsieve.dist.handshake.ClientHandshake;
import io.gradsieve.dist.handshake.Introduction;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.handshake.Purpose;
import io.gradsieve.dist.handshake.Refusal;
import io.gradsieve.dist.handshake.Role;
import io.gradsieve.dist.handshake.Token;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Connects to a worker's ring listener and shakes hands, which only a process with the job's token
 * and id can do, then hangs up.
 */
final class RingProbe implements AddressProbe {
  private static final int NONCE = 32;

  /** From the first packet to the last proof: one lost packet may be sent again. */
  private static final long DEADLINE_MILLIS = 3_000;

  private final EventLoop loop;
  private final Introduction me;
  private final Token token;
  private final SecureRandom random = new SecureRandom();

  RingProbe(EventLoop loop, String job, Token token) {
    this.loop = loop;
    this.token = token;
    int none = Introduction.NONE;
    me = new Introduction(job, Purpose.RING, Role.LAUNCH, none, none, 0);
  }

  @Override
  public void probe(InetSocketAddress address, Consumer<Optional<String>> answer) {
    Attempt attempt = new Attempt(answer);
    ChannelFuture connecting =
        new Bootstrap()
            .group(loop)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    byte[] nonce = new byte[NONCE];
                    random.nextBytes(nonce);
                    var handshake = new ClientHandshake(me, token, nonce, System.nanoTime());
                    channel.pipeline().addLast(new Authentication(handshake, attempt));
                  }
                })
            .connect(address);
    connecting.addListener(
        connected -> {
          if (!connected.isSuccess()) {
            attempt.answer(Optional.of(Dialer.reason(connected.cause())));
          }
        });
    loop.schedule(
        () -> {
          attempt.answer(Optional.of("no answer"));
          connecting.channel().close();
        },
        DEADLINE_MILLIS,
        TimeUnit.MILLISECONDS);
  }

  private static final class Attempt implements Authentication.Verdict {
    private final Consumer<Optional<String>> listener;
    private boolean answered;

    Attempt(Consumer<Optional<String>> listener) {
      this.listener = listener;
    }

    void answer(Optional<String> problem) {
      if (!answered) {
        answered = true;
        listener.accept(problem);
      }
    }

    @Override
    public void authenticated(ChannelHandlerContext ctx, Outcome.Done done) {
      answer(Optional.empty());
      ctx.close();
    }

    @Override
    public void refused(ChannelHandlerContext ctx, Refusal refusal, boolean told) {
      answer(Optional.of("what answers " + refusal.text()));
    }
  }
}
