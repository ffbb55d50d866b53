package io.gradsieve.dist.control;

import io.gradsieve.dist.rendezvous.Stage;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Accepts connections now and then while a generation trains, when all members are in: a flood then
 * wakes the server's thread, which may share a core with a worker, no more often. Each time costs a
 * thread that computes some 50 µs.
 */
final class UnhurriedListener extends ChannelInboundHandlerAdapter {
  /** Between two looks; a member that has lost its connection has 300 ms and more to be back. */
  static final long REST_MILLIS = 50;

  /** Connections accepted in a look: thousands of members that come back wait 2 s at most. */
  static final int ROW = 128;

  private final Supplier<Stage> stage;

  UnhurriedListener(Supplier<Stage> stage) {
    this.stage = stage;
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (stage.get() == Stage.RUNNING) {
      ChannelConfig config = ctx.channel().config();
      config.setAutoRead(false);
      ctx.executor().schedule(() -> config.setAutoRead(true), REST_MILLIS, TimeUnit.MILLISECONDS);
    }
    ctx.fireChannelReadComplete();
  }
}
