package io.gradsieve.dist;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.dist.control.ServerTarget;
import io.gradsieve.dist.handshake.HandshakeTarget;
import io.gradsieve.dist.rendezvous.Frame;
import io.gradsieve.dist.rendezvous.FrameTarget;
import io.gradsieve.dist.rendezvous.Limits;
import io.gradsieve.dist.rendezvous.MessageCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every seed, and every input that ever broke a target, once. */
class FuzzTargetsTest {
  @TestFactory
  Stream<DynamicTest> noSeedBreaksItsTarget() {
    return FuzzTargets.all().entrySet().stream()
        .flatMap(
            each ->
                seeds(each.getKey()).stream()
                    .map(
                        seed ->
                            DynamicTest.dynamicTest(
                                each.getKey().getSimpleName() + " " + seed.getFileName(),
                                () ->
                                    each.getValue().fuzzerTestOneInput(Files.readAllBytes(seed)))));
  }

  /** Or a change of a message's layout would leave seeds that are refused at their first byte. */
  @Test
  void seedsReachWhatTheyAreFor() throws Exception {
    for (Path seed : seeds(FrameTarget.class)) {
      byte[] bytes = Files.readAllBytes(seed);
      Frame frame = MessageCodec.decode(ByteBuffer.wrap(bytes), Limits.FRAME);
      assertThat(MessageCodec.encode(frame)).isEqualTo(bytes);
    }
    for (String seed : List.of("worker", "server")) {
      assertThat(HandshakeTarget.opens(read(HandshakeTarget.class, seed))).as(seed).isTrue();
    }
    assertThat(HandshakeTarget.opens(read(HandshakeTarget.class, "wrong-proof"))).isFalse();
    assertThat(ServerTarget.log(read(ServerTarget.class, "two-members")))
        .anyMatch(line -> line.contains("generation 1: 2 workers"));
  }

  private static byte[] read(Class<?> target, String seed) throws IOException {
    return Files.readAllBytes(FuzzTargets.seeds(target).resolve(seed));
  }

  private static List<Path> seeds(Class<?> target) {
    try (Stream<Path> files = Files.list(FuzzTargets.seeds(target))) {
      List<Path> seeds = files.sorted().toList();
      assertThat(seeds).isNotEmpty();
      return seeds;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
