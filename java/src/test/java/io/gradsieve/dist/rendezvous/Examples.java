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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One frame of each kind, with the bytes that {@code docs/rendezvous.md} has for it. */
final class Examples {
  private static final String HEAD = "47535256 01 %02x 0000 %016x %08x %08x %s";

  static final List<String> CONFIGURATION = List.of("epochs=30", "lr=0.02");

  private Examples() {}

  /** The frame by its bytes, in hexadecimal digits and spaces. */
  static Map<String, Frame> all() {
    Map<String, Frame> all = new LinkedHashMap<>();
    Peer peer = new Peer(new MemberId(1, 2), 8, "avx2", List.of("10.0.0.3:4567"));
    String peerBytes =
        "0000000000000001 0000000000000002 00000008 0004 61767832 "
            + "0001 000d 31302e302e302e333a34353637";
    all.put(
        bytes(
            1,
            7,
            0,
            112,
            "0003 6a6f62 "
                + peerBytes
                + " 0003 312e30 00000020 "
                + "11".repeat(32)
                + " 0002 0009 65706f6368733d3330 0007 6c723d302e3032 00"),
        new Frame(7, 0, new Join("job", peer, "1.0", hash(0x11), CONFIGURATION, false)));
    all.put(
        bytes(2, 8, 3, 10, "0002 6b31 00000002 cafe"),
        new Frame(8, 3, new SetKey("k1", Bytes.of((byte) 0xca, (byte) 0xfe))));
    all.put(bytes(3, 9, 3, 4, "0002 6b31"), new Frame(9, 3, new GetKey("k1")));
    all.put(bytes(4, 10, 3, 8, "0002 6b31 00001388"), new Frame(10, 3, new WaitKey("k1", 5_000)));
    all.put(
        bytes(5, 11, 3, 10, "0004 65786974 00003a98"),
        new Frame(11, 3, new Barrier(Barrier.EXIT, 15_000)));
    all.put(
        bytes(6, 12, 3, 29, "0000000000000064 00000002 0000000000001000 0000000000002000 03"),
        new Frame(12, 3, new Heartbeat(100, 2, 4_096, 8_192, Phase.REDUCING)));
    all.put(bytes(7, 13, 3, 0, ""), new Frame(13, 3, new Leave()));
    all.put(
        bytes(8, 14, 3, 12, "00000001 01 0005 7265736574"),
        new Frame(14, 3, new Suspect(1, true, "reset")));
    all.put(bytes(9, 15, 3, 8, "0000000000000064"), new Frame(15, 3, new Commit(100)));
    all.put(bytes(32, 7, 0, 4, "00003a98"), new Frame(7, 0, new Welcome(15_000)));
    all.put(bytes(33, 8, 3, 0, ""), new Frame(8, 3, new Done()));
    all.put(
        bytes(34, 9, 3, 7, "01 00000002 cafe"),
        new Frame(9, 3, new Value(Optional.of(Bytes.of((byte) 0xca, (byte) 0xfe)))));
    all.put(bytes(35, 12, 3, 0, ""), new Frame(12, 3, new Alive()));
    all.put(bytes(36, 15, 3, 8, "0000000000000064"), new Frame(15, 3, new Committed(100)));
    all.put(
        bytes(37, 15, 4, 8, "00 0005 7374616c65"),
        new Frame(15, 4, new Refusal(Code.STALE_GENERATION, "stale")));
    all.put(
        bytes(64, 0, 4, 20, "00000001 00000002 00000003 0000000000000064"),
        new Frame(0, 4, new Ranked(1, 2, 3, 100)));
    all.put(
        bytes(65, 0, 4, 49, "00000000 0001 " + peerBytes),
        new Frame(0, 4, new Members(0, List.of(peer))));
    all.put(
        bytes(66, 0, 4, 12, "00000001 0006 73696c656e74"), new Frame(0, 4, new Abort(1, "silent")));
    all.put(
        bytes(67, 0, 0, 36, "00000020 " + "33".repeat(32)),
        new Frame(0, 0, new RingToken(hash(0x33))));
    return all;
  }

  /** Frames at their limits, beside {@link #all}. */
  static List<Frame> frames() {
    List<Frame> frames = new ArrayList<>(all().values());
    frames.add(new Frame(1, 0, new Value(Optional.empty())));
    frames.add(new Frame(0, 1, new Abort(Abort.NOBODY, "")));
    frames.add(new Frame(0, 1, new Members(0, largestPage())));
    List<String> settings = Collections.nCopies(Limits.SETTINGS, largestSetting());
    Peer self = largestPage().get(0);
    frames.add(new Frame(1, 0, new Join("job", self, "1.0", hash(0x11), settings, true)));
    frames.add(
        new Frame(9, 1, new SetKey("k".repeat(Limits.KEY), Bytes.of(new byte[Limits.VALUE]))));
    return frames;
  }

  static List<Peer> largestPage() {
    List<String> addresses = Collections.nCopies(Limits.ADDRESSES, "a".repeat(Limits.NAME));
    Peer largest = new Peer(new MemberId(1, 2), 3, "i".repeat(Limits.NAME), addresses);
    return Collections.nCopies(Limits.PAGE, largest);
  }

  static String largestSetting() {
    return "s=" + "v".repeat(Limits.SETTING - 2);
  }

  static Bytes hash(int value) {
    byte[] hash = new byte[Limits.HASH];
    Arrays.fill(hash, (byte) value);
    return Bytes.of(hash);
  }

  private static String bytes(int type, long request, int generation, int length, String payload) {
    return HEAD.formatted(type, request, generation, length, payload).strip();
  }
}
