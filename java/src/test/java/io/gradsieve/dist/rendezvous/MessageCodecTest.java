package io.gradsieve.dist.rendezvous;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.gradsieve.Fuzz;
import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.dist.rendezvous.Message.Alive;
import io.gradsieve.dist.rendezvous.Message.GetKey;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Leave;
import io.gradsieve.dist.rendezvous.Message.Members;
import io.gradsieve.dist.rendezvous.Message.RingToken;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MessageCodecTest {
  @Test
  void aFrameHasTheBytesThatTheDocumentGives() throws Exception {
    for (Map.Entry<String, Frame> example : Examples.all().entrySet()) {
      byte[] bytes = bytes(example.getKey());
      Frame frame = example.getValue();
      assertThat(MessageCodec.encode(frame)).as("%s", frame).containsExactly(bytes);
      assertThat(decoded(bytes)).isEqualTo(frame);
    }
  }

  @Test
  void everyKindOfMessageHasAnExample() {
    List<Class<?>> kinds =
        Stream.of(Message.class.getPermittedSubclasses())
            .flatMap(group -> Stream.of(group.getPermittedSubclasses()))
            .collect(Collectors.toList());
    assertThat(Examples.all().values().stream().<Class<?>>map(f -> f.message().getClass()))
        .containsExactlyInAnyOrderElementsOf(kinds);
  }

  @Test
  void theDocumentHasEveryExample() throws Exception {
    Path here = Path.of("").toAbsolutePath();
    Path root = Files.isDirectory(here.resolve("docs")) ? here : here.getParent();
    String document = Files.readString(root.resolve("docs/rendezvous.md")).replaceAll("\\s+", " ");
    assertThat(Examples.all().keySet()).allMatch(document::contains);
    for (Message.Code code : Message.Code.values()) {
      assertThat(document).contains(code.ordinal() + " `" + code + "`");
    }
  }

  @Test
  void theLargestFramesAreWithinTheLimit() throws Exception {
    for (Frame frame : Examples.frames()) {
      byte[] bytes = MessageCodec.encode(frame);
      assertThat(bytes.length).isLessThanOrEqualTo(Limits.FRAME);
      assertThat(decoded(bytes)).isEqualTo(frame);
    }
  }

  @Test
  void whatIsNoFrameIsRefusedWithItsReason() {
    String good = Examples.all().keySet().iterator().next();
    refused("5" + good.substring(1), "does not begin with GSRV");
    refused(good.replaceFirst(" 01 ", " 02 "), "version 2, only 1 is known");
    refused(good.replaceFirst(" 01 01 ", " 01 3f "), "unknown type 63");
    refused(good.replaceFirst(" 0000 ", " 0001 "), "reserved bytes are not 0");
    refused(good.replaceFirst(" 00000070 ", " 7fffffff "), "payload of 2147483647 bytes");
    refused(good.replaceFirst(" 00000070 ", " ffffffff "), "payload of -1 bytes");
    refused(good.replaceFirst(" 00000070 ", " 00000071 "), "says it has 137 bytes, has 136");
    refused(good.replaceFirst(" 0003 6a6f62 ", " ffff 6a6f62 "), "a field of 65535 bytes where");
    refused(good.replaceFirst(" 6a6f62 ", " 6a0a62 "), "job is not printable ASCII");
    refused(good.replaceFirst(" 6a6f62 ", " 6aff62 "), "job is not printable ASCII");
    refused(good.replaceFirst("0001 000d", "0011 000d"), "a count of 17, at most 16");
    refused(good.replaceFirst(" 0002 0009 ", " 0041 0009 "), "a count of 65, at most 64");
    refused(good.replaceFirst(" 0002 0009 ", " 0040 0009 "), "of 128 bytes where 21 are left");
    refused(good.replaceFirst(" 6c723d", " 6c7230"), "setting is not name=value");
    refused(good.replaceFirst(" 6c723d", " 3d7230"), "setting is not name=value");
    refused(good.replaceFirst(" 6c723d30", " 6c723dff"), "setting is not printable ASCII");
    refused(good.replaceFirst("00$", "02"), "a choice of 2, there are 2");
    refused(
        "47535256 01 43 0000 0000000000000000 00000000 00000023 0000001f" + "33".repeat(31),
        "token: 31 bytes, not 32");
    refused("47535256 01 23 0000 0000000000000001 00000001 00000001 00", "1 bytes too many");
    refused("47535256 01 23 0000 0000000000000000 00000001 00000000", "without a request id");
    refused("47535256 01 23 0000 8000000000000000 00000001 00000000", "request id is negative");
    refused("47535256 01", "a field of 1 bytes where 0 are left");
  }

  @Test
  void aConfigurationHasItsLimits() {
    String most = Examples.largestSetting();
    Join join = Desk.joins(1, false);
    for (List<String> beyond :
        List.of(List.of(most + "v"), Collections.nCopies(Limits.SETTINGS + 1, most))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new Join("job", join.self(), join.code(), join.data(), beyond, false))
          .withMessageContaining("at most");
    }
  }

  @Test
  void beforeAuthenticationAFrameIsShort() {
    byte[] bytes = MessageCodec.encode(new Frame(0, 1, new Members(0, Examples.largestPage())));
    ByteBuffer header = ByteBuffer.wrap(bytes, 0, MessageCodec.HEADER);
    assertThatExceptionOfType(BadFrame.class)
        .isThrownBy(() -> MessageCodec.length(header, Limits.FRAME_BEFORE_AUTHENTICATION))
        .withMessageContaining("at most 488");
  }

  @Test
  void aHeaderTellsTheLengthOfItsFrame() throws Exception {
    byte[] bytes = MessageCodec.encode(new Frame(1, 1, new GetKey("key")));
    ByteBuffer header = ByteBuffer.wrap(bytes, 0, MessageCodec.HEADER);
    assertThat(MessageCodec.length(header, Limits.FRAME)).isEqualTo(bytes.length);
    assertThat(header.position()).isZero();
  }

  @Test
  void aPushHasNoRequestIdAndOthersHave() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Frame(0, 1, new Leave()));
    assertThatIllegalArgumentException().isThrownBy(() -> new Frame(0, 1, new Alive()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Frame(1, 1, new Members(0, List.of())));
  }

  @Test
  void aSecretIsNotShown() {
    String text = new Frame(0, 0, new RingToken(Examples.hash(0x33))).toString();
    assertThat(text).contains("RingToken").doesNotContain("33");
  }

  @Test
  void aReasonIsMadeFitForTerminals() {
    assertThat(Limits.reason("a\u001b[2J\r\nb")).isEqualTo("a [2J b");
    assertThat(Limits.reason("x".repeat(1_000))).hasSize(Limits.REASON);
  }

  @Test
  void aDamagedFrameIsReadOrRefused() {
    List<byte[]> good = Examples.frames().stream().map(MessageCodec::encode).toList();
    new Fuzz("frame", PeerLost.class)
        .run(
            20_000,
            mutations -> {
              byte[] damaged = mutations.damaged(mutations.choose(good));
              Frame frame;
              try {
                frame = decoded(damaged);
              } catch (BadFrame e) {
                throw new PeerLost(e.getMessage(), e);
              }
              // what was read is what these bytes say, and nothing else
              assertThat(MessageCodec.encode(frame)).containsExactly(damaged);
            });
  }

  private static void refused(String hex, String reason) {
    assertThatExceptionOfType(BadFrame.class)
        .isThrownBy(() -> decoded(bytes(hex)))
        .withMessageContaining(reason);
  }

  private static Frame decoded(byte[] bytes) throws BadFrame {
    return MessageCodec.decode(ByteBuffer.wrap(bytes), Limits.FRAME);
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }
}
