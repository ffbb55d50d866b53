package io.gradsieve.format.npy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Oracle: numpy itself, which wrote numpy.npz (make_numpy.py). */
class NpyReaderTest {
  @TempDir Path temp;

  private static double[] all(NpyReader reader) {
    List<Double> values = new ArrayList<>();
    for (int n = reader.next(); n > 0; n = reader.next()) {
      for (int i = 0; i < n; i++) {
        values.add(reader.values()[i]);
      }
    }
    return values.stream().mapToDouble(v -> v).toArray();
  }

  private NpzArchive numpy() throws Exception {
    Path file = temp.resolve("numpy.npz");
    try (InputStream in = getClass().getResourceAsStream("numpy.npz")) {
      Files.copy(in, file);
    }
    return NpzArchive.open(file);
  }

  private static void check(NpzArchive arrays, String name, IntToDoubleFunction expected) {
    double[] values = all(arrays.array(name).orElseThrow());
    assertThat(values).as(name).hasSize(24);
    for (int i = 0; i < 24; i++) {
      assertThat(values[i]).as("%s[%d]", name, i).isEqualTo(expected.applyAsDouble(i));
    }
  }

  @Test
  void everyNumericTypeOfNumpyIsRead() throws Exception {
    try (NpzArchive arrays = numpy()) {
      check(arrays, "u1", i -> i * 10);
      check(arrays, "i1", i -> i - 12);
      check(arrays, "i2", i -> i * -1000);
      check(arrays, "big_i4", i -> i * 100000 - 5);
      check(arrays, "u4", i -> i + 4294967200.0);
      check(arrays, "i8", i -> i - 0x1p40);
      check(arrays, "u8", i -> i + 0x1p63);
      check(arrays, "b1", i -> i % 2);
      check(arrays, "f4", i -> (float) (i / 7.0));
      check(arrays, "big_f8", i -> i / 7.0);
    }
  }

  @Test
  void aFortranArrayIsMarkedAndComesInItsOwnOrder() throws Exception {
    try (NpzArchive arrays = numpy()) {
      NpyReader fortran = arrays.array("fortran").orElseThrow();
      assertThat(fortran.header().fortranOrder()).isTrue();
      assertThat(fortran.header().shape()).containsExactly(2L, 3L, 4L);
      // first index fastest: element 1 is [1, 0, 0], the 12th in row-major order
      assertThat(all(fortran)).startsWith(0, 12 / 7.0, 4 / 7.0);
    }
  }

  @Test
  void emptyArraysAndScalarsHaveTheirShapes() throws Exception {
    try (NpzArchive arrays = numpy()) {
      assertThat(arrays.array("empty").orElseThrow().header().shape()).containsExactly(0L, 5L);
      assertThat(arrays.array("scalar").orElseThrow().header().shape()).isEmpty();
      assertThat(arrays.array("nothing")).isEmpty();
    }
  }

  @Provide
  Arbitrary<List<Integer>> shapes() {
    return Arbitraries.integers().between(0, 9).list().ofMaxSize(5);
  }

  @Property
  void aHeaderWrittenIsTheHeaderRead(@ForAll("shapes") List<Integer> shape) {
    for (NpyType type : List.of(NpyType.UINT8, NpyType.INT64, NpyType.FLOAT32)) {
      long[] sizes = shape.stream().mapToLong(i -> i).toArray();
      byte[] header = NpyHeader.bytes(type, sizes);
      assertThat(header.length % 64).isZero();
      long count = 1;
      for (long size : sizes) {
        count *= size;
      }
      byte[] file = java.util.Arrays.copyOf(header, header.length + (int) count * type.bytes());
      NpyReader reader = new NpyReader(source(file));
      assertThat(reader.header().type()).isEqualTo(type);
      assertThat(reader.header().fortranOrder()).isFalse();
      assertThat(reader.header().shape()).isEqualTo(shape.stream().map(i -> (long) i).toList());
      assertThat(all(reader)).hasSize((int) count);
    }
  }

  private static ByteSource source(byte[] file) {
    return ByteSource.of("x.npy", new ByteArrayInputStream(file), file.length);
  }

  private static byte[] withHeader(String text) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(
        new byte[] {
          (byte) 0x93,
          'N',
          'U',
          'M',
          'P',
          'Y',
          1,
          0,
          (byte) text.length(),
          (byte) (text.length() >> 8)
        });
    out.write(text.getBytes(StandardCharsets.US_ASCII));
    return out.toByteArray();
  }

  @Test
  void headersThatDeclareTooMuchOrNonsenseAreBadDataBeforeAnythingIsAllocated() throws Exception {
    for (String text :
        List.of(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 2), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000,), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
            "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }",
            "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
            "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
            "{'descr': '<f4'}",
            "")) {
      byte[] file = withHeader(text);
      assertThatThrownBy(() -> NpyHeader.read(source(file)))
          .as(text)
          .isInstanceOf(BadData.class)
          .hasMessageStartingWith("x.npy: ");
    }
  }

  @Test
  void bytesThatAreMissingOrLeftOverAreBadData() {
    byte[] header = NpyHeader.bytes(NpyType.UINT8, 4);
    NpyReader longer = new NpyReader(source(java.util.Arrays.copyOf(header, header.length + 5)));
    assertThatThrownBy(() -> all(longer))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("goes on");
    ByteSource shorter = source(java.util.Arrays.copyOf(header, header.length + 3));
    assertThatThrownBy(() -> new NpyReader(shorter))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("truncated");
  }
}
