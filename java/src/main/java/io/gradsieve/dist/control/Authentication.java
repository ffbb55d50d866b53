package io.gradsieve.dist.control;

import io.gradsieve.dist.handshake.Handshake;
import io.gradsieve.dist.handshake.Outcome;
import io.gradsieve.dist.handshake.Refusal;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.concurrent.Future;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A connection's handshake, either side's. Removes itself when both have proved themselves, and
 * hands on the bytes that came behind; else closes.
 */
final class Authentication extends ByteToMessageDecoder {
  /** What the handshake's deadline is looked at after: a little later than 5 s. */
  private static final long EXPIRY_MILLIS = 5_010;

  /** What becomes of the connection; one of these is called, once. */
  interface Verdict {
    /** Both know the token: set up what follows behind the given handler. */
    void authenticated(ChannelHandlerContext ctx, Outcome.Done done);

    /** The connection is being closed. */
    void refused(ChannelHandlerContext ctx, Refusal refusal, boolean told);
  }

  private final Handshake handshake;
  private final Verdict verdict;
  private Optional<Future<?>> expiry = Optional.empty();
  private boolean over;

  Authentication(Handshake handshake, Verdict verdict) {
    this.handshake = handshake;
    this.verdict = verdict;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    Runnable expire = () -> decide(ctx, handshake.expire(System.nanoTime()));
    expiry = Optional.of(ctx.executor().schedule(expire, EXPIRY_MILLIS, TimeUnit.MILLISECONDS));
    if (ctx.channel().isActive()) {
      send(ctx);
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    send(ctx);
    ctx.fireChannelActive();
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    if (over) {
      in.skipBytes(in.readableBytes()); // a stranger's flood is not kept
      return;
    }
    ByteBuffer bytes = in.nioBuffer();
    int length = bytes.remaining();
    Outcome outcome = handshake.receive(bytes, System.nanoTime());
    in.skipBytes(length - bytes.remaining());
    decide(ctx, outcome);
  }

  @Override
  protected void handlerRemoved0(ChannelHandlerContext ctx) {
    expiry.ifPresent(task -> task.cancel(false));
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) throws Exception {
    super.channelInactive(ctx);
    decide(ctx, handshake.closed());
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (over) {
      ctx.close();
    }
    // of TLS 1.3 also here: a client's handshake is done before the server has seen a certificate
    refuse(ctx, TlsFailure.is(cause) ? TlsFailure.refusal(cause) : Refusal.CLOSED, false);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
    if (event instanceof SslHandshakeCompletionEvent tls && !tls.isSuccess()) {
      refuse(ctx, TlsFailure.refusal(tls.cause()), false);
    }
    super.userEventTriggered(ctx, event);
  }

  private void decide(ChannelHandlerContext ctx, Outcome outcome) {
    if (over) {
      return;
    }
    if (outcome instanceof Outcome.Done done) {
      over = true;
      send(ctx);
      verdict.authenticated(ctx, done);
      ctx.pipeline().remove(this);
    } else if (outcome instanceof Outcome.Failed failed) {
      refuse(ctx, failed.refusal(), failed.told());
    } else {
      send(ctx);
    }
  }

  private void refuse(ChannelHandlerContext ctx, Refusal refusal, boolean told) {
    if (!over) {
      over = true;
      ctx.writeAndFlush(Unpooled.wrappedBuffer(handshake.output()))
          .addListener(ChannelFutureListener.CLOSE);
      verdict.refused(ctx, refusal, told);
    }
  }

  private void send(ChannelHandlerContext ctx) {
    ByteBuffer output = handshake.output();
    if (output.hasRemaining()) {
      ctx.writeAndFlush(Unpooled.wrappedBuffer(output));
    }
  }
}
