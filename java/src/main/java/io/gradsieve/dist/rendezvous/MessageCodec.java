package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Abort;
import io.gradsieve.dist.rendezvous.Message.Alive;
import io.gradsieve.dist.rendezvous.Message.Barrier;
import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Commit;
import io.gradsieve.dist.rendezvous.Message.Committed;
import io.gradsieve.dist.rendezvous.Message.Done;
import io.gradsieve.dist.rendezvous.Message.GetKey;
import io.gradsieve.dist.rendezvous.Message.Heartbeat;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Leave;
import io.gradsieve.dist.rendezvous.Message.Members;
import io.gradsieve.dist.rendezvous.Message.Peer;
import io.gradsieve.dist.rendezvous.Message.Phase;
import io.gradsieve.dist.rendezvous.Message.Ranked;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import io.gradsieve.dist.rendezvous.Message.RingToken;
import io.gradsieve.dist.rendezvous.Message.SetKey;
import io.gradsieve.dist.rendezvous.Message.Suspect;
import io.gradsieve.dist.rendezvous.Message.Value;
import io.gradsieve.dist.rendezvous.Message.WaitKey;
import io.gradsieve.dist.rendezvous.Message.Welcome;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The bytes of a {@link Frame}, big-endian:
 *
 * <pre>
 *  0        4         5      6          8            16           20       24
 * | "GSRV" | version | type | 0 (int16) | request id | generation | length | payload [length] |
 *    int32     int8    int8                 int64        int32      int32
 * </pre>
 *
 * <p>A text is its length (int16) and printable ASCII; bytes are their length (int32) and
 * themselves. {@code docs/rendezvous.md} draws every payload. A frame is at most {@link
 * Limits#FRAME} bytes with its header, and every length is checked against the bytes left before
 * anything is allocated.
 */
public final class MessageCodec {
  /** Bytes before the payload. */
  public static final int HEADER = 24;

  /** The only version there is. */
  public static final int VERSION = 1;

  private static final int MAGIC = 'G' << 24 | 'S' << 16 | 'R' << 8 | 'V';
  private static final int LENGTH_AT = 20;

  private static final List<Kind<?>> KINDS =
      List.of(
          new Kind<>(1, Join.class, MessageCodec::write, MessageCodec::readJoin),
          new Kind<>(
              2, SetKey.class, (m, to) -> to.text(m.key()).bytes(m.value()), MessageCodec::readSet),
          new Kind<>(3, GetKey.class, (m, to) -> to.text(m.key()), from -> new GetKey(from.text())),
          new Kind<>(
              4,
              WaitKey.class,
              (m, to) -> to.text(m.key()).int32(m.millis()),
              from -> new WaitKey(from.text(), from.int32())),
          new Kind<>(
              5,
              Barrier.class,
              (m, to) -> to.text(m.name()).int32(m.millis()),
              from -> new Barrier(from.text(), from.int32())),
          new Kind<>(6, Heartbeat.class, MessageCodec::write, MessageCodec::readHeartbeat),
          new Kind<>(7, Leave.class, (m, to) -> {}, from -> new Leave()),
          new Kind<>(
              8,
              Suspect.class,
              (m, to) -> to.int32(m.rank()).int8(m.broken() ? 1 : 0).text(m.reason()),
              from -> new Suspect(from.int32(), from.flag(), from.text())),
          new Kind<>(
              9, Commit.class, (m, to) -> to.int64(m.step()), from -> new Commit(from.int64())),
          new Kind<>(
              32,
              Welcome.class,
              (m, to) -> to.int32(m.failureTimeout()),
              from -> new Welcome(from.int32())),
          new Kind<>(33, Done.class, (m, to) -> {}, from -> new Done()),
          new Kind<>(34, Value.class, MessageCodec::write, MessageCodec::readValue),
          new Kind<>(35, Alive.class, (m, to) -> {}, from -> new Alive()),
          new Kind<>(
              36,
              Committed.class,
              (m, to) -> to.int64(m.step()),
              from -> new Committed(from.int64())),
          new Kind<>(
              37,
              Refusal.class,
              (m, to) -> to.int8(m.code().ordinal()).text(m.reason()),
              from -> new Refusal(from.oneOf(Code.values()), from.text())),
          new Kind<>(64, Ranked.class, MessageCodec::write, MessageCodec::readRanked),
          new Kind<>(65, Members.class, MessageCodec::write, MessageCodec::readMembers),
          new Kind<>(
              66,
              Abort.class,
              (m, to) -> to.int32(m.culprit()).text(m.reason()),
              from -> new Abort(from.int32(), from.text())),
          new Kind<>(
              67,
              RingToken.class,
              (m, to) -> to.bytes(m.token()),
              from -> new RingToken(from.bytes())));

  private static final Map<Integer, Kind<?>> BY_TYPE = new HashMap<>();
  private static final Map<Class<?>, Kind<?>> BY_CLASS = new HashMap<>();

  static {
    for (Kind<?> kind : KINDS) {
      BY_TYPE.put(kind.type(), kind);
      BY_CLASS.put(kind.message(), kind);
    }
  }

  private MessageCodec() {}

  /** How a kind of message is written and read. */
  private record Kind<M extends Message>(
      int type, Class<M> message, Writing<M> writing, Reading<M> reading) {
    void write(Message value, FrameWriter to) {
      writing.write(message.cast(value), to);
    }
  }

  private interface Writing<M> {
    void write(M message, FrameWriter to);
  }

  private interface Reading<M> {
    M read(FrameReader from) throws BadFrame;
  }

  /** The frame's bytes. */
  public static byte[] encode(Frame frame) {
    Kind<?> kind = BY_CLASS.get(frame.message().getClass());
    FrameWriter to = new FrameWriter();
    to.int32(MAGIC).int8(VERSION).int8(kind.type()).int16(0);
    to.int64(frame.request()).int32(frame.generation()).int32(0);
    kind.write(frame.message(), to);
    byte[] bytes = to.toArray();
    ByteBuffer.wrap(bytes).putInt(LENGTH_AT, bytes.length - HEADER);
    return bytes;
  }

  /**
   * Bytes of the whole frame that begins at the buffer's position, which stays.
   *
   * @param header at least {@link #HEADER} bytes
   * @param limit {@link Limits#FRAME} or {@link Limits#FRAME_BEFORE_AUTHENTICATION}
   * @throws BadFrame if no frame begins so, or it is longer than the limit
   */
  public static int length(ByteBuffer header, int limit) throws BadFrame {
    FrameReader from = new FrameReader(header.duplicate());
    if (from.int32() != MAGIC) {
      throw new BadFrame("does not begin with GSRV: not this protocol");
    }
    int version = from.int8();
    if (version != VERSION) {
      throw new BadFrame("version " + version + ", only " + VERSION + " is known");
    }
    int type = from.int8();
    if (!BY_TYPE.containsKey(type)) {
      throw new BadFrame("unknown type " + type);
    }
    if (from.int16() != 0) {
      throw new BadFrame("reserved bytes are not 0");
    }
    from.int64();
    from.int32();
    int length = from.int32();
    if (length < 0 || length > limit - HEADER) {
      throw new BadFrame("payload of " + length + " bytes, at most " + (limit - HEADER));
    }
    return HEADER + length;
  }

  /**
   * The one frame that the buffer holds, from its position to its limit.
   *
   * @param limit as {@link #length}
   * @throws BadFrame if it is none
   */
  public static Frame decode(ByteBuffer bytes, int limit) throws BadFrame {
    int length = length(bytes, limit);
    if (length != bytes.remaining()) {
      throw new BadFrame("says it has %d bytes, has %d".formatted(length, bytes.remaining()));
    }
    FrameReader from = new FrameReader(bytes);
    from.int32();
    from.int8();
    Kind<?> kind = BY_TYPE.get(from.int8());
    from.int16();
    try {
      long request = from.int64();
      int generation = from.int32();
      from.int32();
      Message message = kind.reading().read(from);
      from.end();
      return new Frame(request, generation, message);
    } catch (IllegalArgumentException e) { // the records' limits, which quote no bytes
      throw new BadFrame(e.getMessage());
    }
  }

  // ---- payloads, in the order of the wire

  private static void write(Peer peer, FrameWriter to) {
    to.int64(peer.id().high()).int64(peer.id().low());
    to.int32(peer.cores()).text(peer.instructionSet()).texts(peer.addresses());
  }

  private static Peer readPeer(FrameReader from) throws BadFrame {
    MemberId id = new MemberId(from.int64(), from.int64());
    return new Peer(id, from.int32(), from.text(), from.texts(Limits.ADDRESSES));
  }

  private static void write(Join join, FrameWriter to) {
    to.text(join.job());
    write(join.self(), to);
    to.text(join.code()).bytes(join.data()).texts(join.configuration());
    to.int8(join.resumes() ? 1 : 0);
  }

  private static Join readJoin(FrameReader from) throws BadFrame {
    return new Join(
        from.text(),
        readPeer(from),
        from.text(),
        from.bytes(),
        from.texts(Limits.SETTINGS),
        from.flag());
  }

  private static SetKey readSet(FrameReader from) throws BadFrame {
    return new SetKey(from.text(), from.bytes());
  }

  private static void write(Heartbeat heartbeat, FrameWriter to) {
    to.int64(heartbeat.step()).int32(heartbeat.bucket());
    to.int64(heartbeat.bytesIn()).int64(heartbeat.bytesOut());
    to.int8(heartbeat.phase().ordinal());
  }

  private static Heartbeat readHeartbeat(FrameReader from) throws BadFrame {
    return new Heartbeat(
        from.int64(), from.int32(), from.int64(), from.int64(), from.oneOf(Phase.values()));
  }

  private static void write(Value value, FrameWriter to) {
    to.int8(value.value().isPresent() ? 1 : 0);
    value.value().ifPresent(to::bytes);
  }

  private static Value readValue(FrameReader from) throws BadFrame {
    return new Value(from.flag() ? Optional.of(from.bytes()) : Optional.empty());
  }

  private static void write(Ranked ranked, FrameWriter to) {
    to.int32(ranked.rank()).int32(ranked.world());
    to.int32(ranked.committedGeneration()).int64(ranked.committedStep());
  }

  private static Ranked readRanked(FrameReader from) throws BadFrame {
    return new Ranked(from.int32(), from.int32(), from.int32(), from.int64());
  }

  private static void write(Members members, FrameWriter to) {
    to.int32(members.first()).int16(members.peers().size());
    members.peers().forEach(peer -> write(peer, to));
  }

  private static Members readMembers(FrameReader from) throws BadFrame {
    int first = from.int32();
    int count = from.count(FrameReader.LEAST_PEER, Limits.PAGE);
    List<Peer> peers = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      peers.add(readPeer(from));
    }
    return new Members(first, peers);
  }
}
