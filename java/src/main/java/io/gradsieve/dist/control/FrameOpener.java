package io.gradsieve.dist.control;

import io.gradsieve.dist.handshake.FrameSeal;
import io.gradsieve.dist.handshake.Refusal;
import io.gradsieve.dist.rendezvous.BadFrame;
import io.gradsieve.dist.rendezvous.Limits;
import io.gradsieve.dist.rendezvous.MessageCodec;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Takes sealed frames off a connection, one after the other:
 *
 * <pre>
 *   before                               after
 *   | frame, n bytes | seal [32] | …     Frame, …
 * </pre>
 *
 * <p>A frame's length is judged by its header, before anything is held for it. Whatever is wrong
 * closes the connection: where the next frame begins is then unknown.
 */
final class FrameOpener extends ByteToMessageDecoder {
  /** From a frame's first byte to its last. */
  private static final long WHOLE_FRAME_SECONDS = 10;

  private final FrameSeal seal;
  private final Consumer<Refusal> refused;
  private long frames;
  private long waitsFor = -1; // the frame whose first bytes are here
  private boolean over;

  /** Of a connection; {@code refused} hears why it is closed. */
  FrameOpener(FrameSeal seal, Consumer<Refusal> refused) {
    this.seal = seal;
    this.refused = refused;
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    if (over) {
      in.skipBytes(in.readableBytes());
      return;
    }
    try {
      int start = in.readerIndex();
      int here = in.readableBytes();
      if (here >= MessageCodec.HEADER) {
        ByteBuffer header = in.nioBuffer(start, MessageCodec.HEADER);
        int sealed = MessageCodec.length(header, Limits.FRAME) + FrameSeal.BYTES;
        if (here >= sealed) {
          byte[] copy = new byte[sealed]; // so that no value pins the buffer it came in
          in.readBytes(copy);
          open(ctx, ByteBuffer.wrap(copy), out);
          return;
        }
      }
      expectTheRest(ctx);
    } catch (BadFrame e) {
      refuse(ctx, Refusal.BAD_FRAME);
    }
  }

  private void open(ChannelHandlerContext ctx, ByteBuffer sealed, List<Object> out)
      throws BadFrame {
    frames++;
    var frame = seal.open(sealed);
    if (frame.isPresent()) {
      out.add(MessageCodec.decode(frame.get(), Limits.FRAME));
    } else {
      refuse(ctx, Refusal.BAD_SEAL);
    }
  }

  private void expectTheRest(ChannelHandlerContext ctx) {
    if (waitsFor == frames) {
      return;
    }
    waitsFor = frames;
    long awaited = frames;
    ctx.executor()
        .schedule(
            () -> {
              if (frames == awaited) {
                refuse(ctx, Refusal.TOO_SLOW);
              }
            },
            WHOLE_FRAME_SECONDS,
            TimeUnit.SECONDS);
  }

  private void refuse(ChannelHandlerContext ctx, Refusal refusal) {
    if (!over && ctx.channel().isActive()) {
      over = true;
      refused.accept(refusal);
      ctx.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close(); // a reset is no news; whatever else it was, this connection is over
  }
}
