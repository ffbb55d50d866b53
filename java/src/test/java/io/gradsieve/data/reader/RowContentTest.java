package io.gradsieve.data.reader;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.data.ContentHash;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.Schema;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The content of CSV rows, on a table of four. */
class RowContentTest {
  private static final String TABLE =
      "id,age,city,label\na,10,Rome,yes\nb,-0.5,Oslo,no\nc,0,Rome,no\nd,3e2,,yes\n";

  @TempDir Path temp;
  private List<String> contents = List.of();

  @BeforeEach
  void read() throws IOException {
    contents = contents(open(TABLE, "id"));
  }

  private String file(String text) throws IOException {
    return Samples.write(temp.resolve("t.csv"), text.getBytes(StandardCharsets.UTF_8)).toString();
  }

  private Dataset open(String text, String... ignored) throws IOException {
    return DataSource.open(DataRequest.train(file(text)).withIgnore(List.of(ignored)));
  }

  private static List<String> contents(Dataset data) {
    return IntStream.range(0, data.size()).mapToObj(data::content).toList();
  }

  @Test
  void itIsTheHashOfTheInputCellsByColumnName() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(36).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(ContentHash.of("age".getBytes(StandardCharsets.UTF_8))).putDouble(10);
    bytes.putLong(ContentHash.of("city".getBytes(StandardCharsets.UTF_8)));
    bytes.putLong(0x7ff8_0000_0000_0004L).put("Rome".getBytes(StandardCharsets.UTF_8));
    Path one = temp.resolve("one.npz");
    byte[] x = Samples.npy(bytes.array(), 1, 36);
    Samples.write(
        one, Samples.zip(java.util.Map.of("x.npy", x, "y.npy", Samples.npy(new long[] {0}, 1))));
    Dataset hashed = DataSource.open(DataRequest.evaluate(one.toString()));
    assertThat(contents.get(0)).isEqualTo(hashed.content(0)).matches("[0-9a-f]{32}");
    assertThat(contents).doesNotHaveDuplicates();
  }

  @Test
  void neitherTheOrderOfRowsNorThatOfColumnsCounts() throws IOException {
    String turned = "label,city,id,age\nyes,,d,3e2\nno,Rome,c,0\nno,Oslo,b,-0.5\nyes,Rome,a,10\n";
    assertThat(contents(open(turned, "id")))
        .containsExactly(contents.get(3), contents.get(2), contents.get(1), contents.get(0));
  }

  @Test
  void neitherOtherRowsNorAModelsRulesCount() throws IOException {
    String some = "id,age,city,label\nb,-0.5,Oslo,no\na,10,Rome,yes\n";
    assertThat(contents(open(some, "id"))).containsExactly(contents.get(1), contents.get(0));
    Schema rules = open(TABLE + "e,1e6,Bern,no\n", "id").schema();
    for (DataRequest request :
        List.of(
            DataRequest.predict(file(TABLE), rules),
            DataRequest.evaluate(file(TABLE)).withRules(rules).withId("id"))) {
      assertThat(contents(DataSource.open(request))).isEqualTo(contents);
    }
    // a model without columns takes numbers alone, as they are
    String numbers = "a,b,label\n1,2,0\n3,4,1\n";
    Dataset plain = DataSource.open(DataRequest.evaluate(file(numbers)).withRules(Schema.plain(2)));
    assertThat(contents(plain)).isEqualTo(contents(open(numbers)));
    assertThat(plain.remarks()).hasSize(1).first().asString().contains("taken by position");
  }

  @Test
  void labelsWeightsAndIdsDoNotCount() throws IOException {
    String others = "id,age,city,w,label\nx,10,Rome,1,no\ny,-0.5,Oslo,2,yes\nz,0,Rome,3,yes\n";
    DataRequest request = DataRequest.train(file(others)).withId("id").withWeight("w");
    assertThat(contents(DataSource.open(request))).isEqualTo(contents.subList(0, 3));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a,10.0,Rome", "a,1e1, Rome ", "a,+10,\"Rome\"", "a,.1E+2,Rome"})
  void aNumberCountsByItsValueAndATextWithoutSpacesAround(String row) throws IOException {
    assertThat(contents(open(TABLE.replace("a,10,Rome", row), "id"))).isEqualTo(contents);
    assertThat(contents(open(TABLE.replace("c,0,", "c,-0.00,"), "id"))).isEqualTo(contents);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a,10.000001,Rome", "a,10,rome", "a,-10,Rome", "a,10,", "a,10,Oslo"})
  void everyOtherChangeOfAnInputCounts(String row) throws IOException {
    List<String> changed = contents(open(TABLE.replace("a,10,Rome", row), "id"));
    assertThat(changed.get(0)).isNotIn(contents);
    assertThat(changed.subList(1, 4)).isEqualTo(contents.subList(1, 4));
  }

  @Test
  void theNameOfAColumnCountsAndSoDoesOneMore() throws IOException {
    assertThat(contents(open(TABLE.replace("age", "years"), "id")))
        .doesNotContainAnyElementsOf(contents);
    assertThat(contents(open(TABLE))).doesNotContainAnyElementsOf(contents);
    // what stands where: the same two numbers under each other's name
    assertThat(contents(open("a,b,label\n1,2,x\n2,1,y\n"))).doesNotHaveDuplicates();
  }

  @Test
  void aRowOfAnyLengthIsHashedWhole() throws IOException {
    String text = "é".repeat(5_000);
    String table = "a,b,label\n%s,1,x\n%s,1,y\n%sz,1,x\n".formatted(text, text, text);
    List<String> long_ = contents(open(table));
    assertThat(long_.get(0)).isEqualTo(long_.get(1)).isNotEqualTo(long_.get(2));
  }
}
