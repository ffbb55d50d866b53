package io.gradsieve.format.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SafeTensorsTest {
  @TempDir Path directory;

  static byte[] good() throws IOException {
    SafeTensorsWriter writer = new SafeTensorsWriter(Map.of("format", "pt"));
    writer.floats("b", List.of(2L, 3L), () -> new float[] {1, 2, 3, 4, Float.NaN, -0f});
    writer.longs("n", List.of(), () -> new long[] {Long.MIN_VALUE});
    writer.floats("a \"é\"", List.of(0L), () -> new float[0]);
    writer.doubles("d", List.of(1L), () -> new double[] {Math.PI});
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    writer.write(out);
    return out.toByteArray();
  }

  private Path file(byte[] bytes) throws IOException {
    return Files.write(directory.resolve("t.safetensors"), bytes);
  }

  private static byte[] raw(String header, int dataBytes) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .array();
  }

  @Test
  void whatWasWrittenIsRead() throws IOException {
    try (SafeTensors tensors = SafeTensors.open(file(good()))) {
      assertThat(tensors.metadata()).isEqualTo(Map.of("format", "pt"));
      assertThat(tensors.entries()).containsOnlyKeys("b", "n", "a \"é\"", "d");
      assertThat(tensors.entries().get("b").shape()).containsExactly(2L, 3L);
      assertThat(tensors.floats("b")).containsExactly(1, 2, 3, 4, Float.NaN, -0f);
      assertThat(tensors.longs("n")).containsExactly(Long.MIN_VALUE);
      assertThat(tensors.doubles("d")).containsExactly(Math.PI);
      assertThat(tensors.floats("a \"é\"")).isEmpty();
    }
  }

  @Test
  void everyTensorIsAligned() throws IOException {
    byte[] bytes = good();
    long header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    assertThat(header % 8).isZero();
    try (SafeTensors tensors = SafeTensors.open(file(bytes))) {
      assertThat(tensors.entries().values())
          .allMatch(entry -> entry.begin() % entry.type().bytes() == 0);
    }
  }

  static List<String[]> badHeaders() {
    String a = "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
    return List.of(
        bad("{" + a + "}", 4, "cut off"),
        bad("{" + a + "}", 12, "describes 8 bytes"),
        bad("{" + a + "," + a + "}", 8, "not valid JSON"),
        bad(
            "{" + a + ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
            8,
            "overlap"),
        bad(
            "{" + a + ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}",
            16,
            "gap"),
        bad(
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}",
            8,
            "do not fit F32 [3]"),
        bad("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "negative"),
        bad("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "do not fit"),
        bad(
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}",
            8,
            "impossible shape"),
        bad(
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}",
            8,
            "JSON"),
        bad(
            "{\"a\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[0,8]}}",
            8,
            "F16; convert it to F32"),
        bad("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "needs dtype"),
        bad(
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}",
            8,
            "unknown key x"),
        bad("{\"a\":[[[[[[]]]]]]}", 0, "t.safetensors"),
        bad("[]", 0, "belongs"),
        bad("{} {}", 0, "follows"),
        bad("", 0, "header would have 0 bytes"));
  }

  private static String[] bad(String header, int bytes, String message) {
    return new String[] {header, Integer.toString(bytes), message};
  }

  @ParameterizedTest
  @MethodSource("badHeaders")
  void aBadHeaderIsRefused(String header, String bytes, String message) throws IOException {
    Path file = file(raw(header, Integer.parseInt(bytes)));
    assertThatThrownBy(() -> SafeTensors.open(file))
        .isInstanceOf(BadData.class)
        .hasMessageContaining(message);
  }

  @Test
  void anEnormousHeaderIsRefusedWithoutReadingIt() throws IOException {
    for (long length : new long[] {1L << 62, -1, Long.MIN_VALUE, Integer.MAX_VALUE, 101_000_000}) {
      byte[] bytes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array();
      Path file = file(bytes);
      assertThatThrownBy(() -> SafeTensors.open(file))
          .isInstanceOf(BadData.class)
          .hasMessageContaining("is no safetensors file or is cut off");
    }
  }

  @Test
  void everyTruncationIsRefused() throws IOException {
    byte[] bytes = good();
    for (int length = 0; length < bytes.length; length++) {
      Path file = file(Arrays.copyOf(bytes, length));
      assertThatThrownBy(() -> SafeTensors.open(file)).isInstanceOf(BadData.class);
    }
  }
}
