package io.gradsieve.dist.control;

import io.gradsieve.dist.rendezvous.Frame;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * An authenticated connection, as the server's last handler: gives its frames to the coordinator in
 * order, holds them back while a worker's addresses are looked at, and stops reading from who does
 * not read.
 */
final class ServerConnection extends SimpleChannelInboundHandler<Frame> {
  /** For what was said last to go out and the other side to hang up. */
  private static final long FAREWELL_SECONDS = 5;

  /** From authenticated to the first frame: who has nothing to say shall not hold a place. */
  private static final long FIRST_FRAME_SECONDS = 10;

  private final long id;
  private final Channel channel;
  private final InetAddress peer;
  private final CoordinatorLoop desk;
  private final Deque<Frame> held = new ArrayDeque<>(); // reading stops, so it is one read's worth
  private boolean checking;
  private boolean spoken;
  private boolean finished;

  ServerConnection(long id, Channel channel, InetAddress peer, CoordinatorLoop desk) {
    super(Frame.class);
    this.id = id;
    this.channel = channel;
    this.peer = peer;
    this.desk = desk;
  }

  long id() {
    return id;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    closeUnless(() -> spoken, FIRST_FRAME_SECONDS);
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, Frame frame) {
    spoken = true;
    if (checking) {
      held.add(frame);
    } else if (!finished) {
      take(frame);
    }
  }

  private void take(Frame frame) {
    if (frame.message() instanceof Join join && !join.resumes()) {
      checking = true;
      reading();
      desk.check(join, peer, checked -> checked(frame, checked));
    } else {
      desk.received(this, frame);
    }
  }

  private void checked(Frame frame, AddressCheck.Result result) {
    if (finished || !channel.isActive()) {
      return;
    }
    checking = false;
    desk.checked(this, frame, result);
    while (!held.isEmpty() && !checking && !finished) {
      take(held.remove());
    }
    reading();
  }

  /** Sends a {@link Frame} or {@link SharedFrame}; {@link #flush} makes it go. */
  void send(Object frame) {
    if (!finished) {
      channel.write(frame);
    }
  }

  void flush() {
    channel.flush();
  }

  /**
   * Closes when what was sent has gone out. First this direction only: closed with bytes unread,
   * the kernel would send a reset, and the last word could be lost on the other side.
   */
  void finish() {
    if (finished) {
      return;
    }
    finished = true;
    held.clear();
    reading();
    channel
        .writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(
            sent -> {
              if (sent.isSuccess() && channel instanceof DuplexChannel duplex) {
                duplex.shutdownOutput();
              } else {
                channel.close();
              }
            });
    closeUnless(() -> false, FAREWELL_SECONDS);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    finished = true;
    desk.closed(this);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    reading();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    desk.fault(cause);
    ctx.close();
  }

  private void reading() {
    channel.config().setAutoRead(finished || !checking && channel.isWritable());
  }

  private void closeUnless(BooleanSupplier fine, long seconds) {
    channel
        .eventLoop()
        .schedule(
            () -> {
              if (!fine.getAsBoolean()) {
                channel.close();
              }
            },
            seconds,
            TimeUnit.SECONDS);
  }
}
