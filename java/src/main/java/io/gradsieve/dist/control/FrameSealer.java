package io.gradsieve.dist.control;

import io.gradsieve.dist.handshake.FrameSeal;
import io.gradsieve.dist.rendezvous.Frame;
import io.gradsieve.dist.rendezvous.MessageCodec;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.nio.ByteBuffer;

/**
 * Puts frames on a connection: a {@link Frame} or a {@link SharedFrame}, and its seal behind it.
 */
final class FrameSealer extends ChannelOutboundHandlerAdapter {
  private final FrameSeal seal;

  FrameSealer(FrameSeal seal) {
    this.seal = seal;
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (message instanceof Frame frame) {
      ByteBuffer sealed = seal.seal(ByteBuffer.wrap(MessageCodec.encode(frame)));
      ctx.write(Unpooled.wrappedBuffer(sealed), promise);
    } else if (message instanceof SharedFrame shared) {
      byte[] own = seal.sealOf(ByteBuffer.wrap(shared.bytes()));
      ctx.write(shared.buffer().retainedDuplicate());
      ctx.write(Unpooled.wrappedBuffer(own), promise);
    } else {
      ctx.write(message, promise); // nothing, to learn when all before it has gone out
    }
  }
}
