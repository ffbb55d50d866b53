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
  /** Connections accepted in a look: as many as may be there before they are authenticated. */
  static final int ROW = 256;

  private final Supplier<Stage> stage;
  private final long restMillis;

  UnhurriedListener(Supplier<Stage> stage, long restMillis) {
    this.stage = stage;
    this.restMillis = restMillis;
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (stage.get() == Stage.RUNNING) {
      ChannelConfig config = ctx.channel().config();
      config.setAutoRead(false);
      ctx.executor().schedule(() -> config.setAutoRead(true), restMillis, TimeUnit.MILLISECONDS);
    }
    ctx.fireChannelReadComplete();
  }
}
