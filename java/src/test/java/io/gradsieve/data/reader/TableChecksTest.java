package io.gradsieve.data.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.Schema;
import io.gradsieve.format.rules.Column;
import io.gradsieve.format.rules.Column.Role;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is refused, and what is told, of columns that are not what they seem. */
class TableChecksTest {
  private static final int ROWS = 60;

  @TempDir Path temp;

  private DataRequest request(String text) throws Exception {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return DataRequest.train(Samples.write(temp.resolve("t.csv"), bytes).toString());
  }

  private Dataset train(String text) throws Exception {
    return DataSource.open(request(text));
  }

  /** {@code header}, then rows of a number in no order, the given cells and a label of two. */
  private static String table(String header, int rows, IntFunction<String> cells) {
    StringBuilder text = new StringBuilder(header).append('\n');
    for (int i = 0; i < rows; i++) {
      text.append(i * 37 % 23 + 0.5).append(',').append(cells.apply(i));
      text.append(i % 2 == 0 ? ",cat\n" : ",dog\n");
    }
    return text.toString();
  }

  /** The same whose only odd column is {@code c}. */
  private static String column(IntFunction<String> cells) {
    return table("a,c,kind", ROWS, i -> '"' + cells.apply(i).replace("\"", "\"\"") + '"');
  }

  /** The same whose only odd column is the label. */
  private static String labels(int rows, IntFunction<String> labels) {
    StringBuilder text = new StringBuilder("a,kind\n");
    for (int i = 0; i < rows; i++) {
      text.append(i * 37 % 23 + 0.5).append(',').append(labels.apply(i)).append('\n');
    }
    return text.toString();
  }

  private void refused(String text, String... parts) throws Exception {
    DataRequest request = request(text);
    var thrown = assertThatThrownBy(() -> DataSource.open(request)).isInstanceOf(BadData.class);
    for (String part : parts) {
      thrown.hasMessageContaining(part);
    }
  }

  private void told(String text, String... parts) throws Exception {
    assertThat(train(text).remarks()).hasSize(1);
    assertThat(train(text).remarks().get(0)).contains(parts);
  }

  @Test
  void quantitiesWrittenAsTextsAreRefusedByName() throws Exception {
    String first = "row 0 (line 2), column 'c'";
    refused(
        column(i -> String.format(Locale.ROOT, "%,d", 1037 + 991 * i)),
        first,
        "'1,037'",
        "thousands separator",
        "--ignore");
    refused(column(i -> i + ".5%"), first, "'0.5%'", "percent");
    refused(column(i -> i + ",5"), first, "'0,5'", "decimal comma");
    refused(column(i -> "$" + i + ".99"), first, "'$0.99'", "money");
    refused(column(i -> i + " €"), first, "'0 €'", "money");
    refused(column(i -> i + " kg"), first, "'0 kg'", "unit");
    refused(column(i -> "2024-01-%02d".formatted(i % 28 + 1)), first, "date", "number");
    refused(column(i -> "%d/2/24".formatted(i % 28 + 1)), first, "date");
    refused(column(i -> "2024-01-31T10:%02d:00Z".formatted(i)), first, "date");
    // few different ones are quantities as well
    refused(column(i -> 10 * (i % 3) + "%"), first, "percent");
    // also if some are missing
    refused(column(i -> i % 3 == 1 ? "" : i + "%"), first, "percent");
  }

  @Test
  void aThousandsSeparatorAmongPlainNumbersIsNamedWhicheverComesFirst() throws Exception {
    IntFunction<String> numbers = i -> String.format(Locale.ROOT, "%,d", 37 * i);
    refused(column(numbers), "row 28 (line 30), column 'c'", "'1,036' among numbers", "thousands");
    refused(
        column(i -> numbers.apply(ROWS - 1 - i)),
        "row 0 (line 2), column 'c'",
        "'2,183' among numbers",
        "thousands");
    refused(column(i -> i == 9 ? "4%" : "4"), "row 9 (line 11)", "'4%'", "percent");
  }

  @Test
  void aMissingValueAmongNumbersSaysSo() throws Exception {
    for (String missing : List.of("NA", "N/A", "null", "None", "?", "<NA>", "#DIV/0!")) {
      refused(
          column(i -> i == 4 ? missing : "" + i),
          "row 4 (line 6), column 'c'",
          "'" + missing + "' among numbers stands for a missing value");
    }
  }

  @Test
  void missingValuesAmongTextsAreTold() throws Exception {
    told(column(i -> i % 3 == 0 ? "NA" : i % 3 == 1 ? "x" : "y"), "column 'c'", "missing values");
    told(column(i -> i % 3 == 0 ? "" : i % 3 == 1 ? "x" : "y"), "column 'c'", "missing values");
  }

  @Test
  void classesThatBeginWithANumberPassWithAWord() throws Exception {
    told(column(i -> i % 2 == 0 ? "4wd" : "2wd"), "column 'c'", "without a unit");
    assertThat(train(column(i -> "ward " + i % 5)).remarks()).isEmpty();
    assertThat(train(column(i -> i % 2 == 0 ? "10-20" : "20-30")).remarks()).isEmpty();
  }

  @Test
  void textsThatHardlyRepeatAreRefusedAllByName() throws Exception {
    refused(
        table("a,name,mail,kind", ROWS, i -> "n%d,m%d@x".formatted(i, i)),
        "column 'name' has 60 different texts in 60 rows",
        "'mail'",
        "--ignore",
        "--id");
    DataRequest named =
        request(table("a,name,mail,kind", ROWS, i -> "n%d,m%d@x".formatted(i, i)))
            .withId("name")
            .withIgnore(List.of("mail"));
    assertThat(DataSource.open(named).remarks()).isEmpty();
    // a sentence a row, though a few come twice
    refused(column(i -> "a sentence, number " + i % 40), "column 'c' has 40 different texts");
  }

  @Test
  void manyTextsForTheRowsAreTold() throws Exception {
    told(column(i -> "n" + i % 25), "warning: ", "column 'c'", "--id");
    told(table("a,c,kind", 8, i -> "n" + i), "warning: ", "column 'c'");
    assertThat(train(column(i -> "n" + i % 10)).remarks()).isEmpty();
  }

  @Test
  void columnsThatNumberTheRowsAreTold() throws Exception {
    told(table("a,Unnamed: 0,kind", ROWS, i -> "" + i), "warning: ", "'Unnamed: 0'", "--id");
    told(table("a,t,kind", ROWS, i -> "" + (7 + i)), "warning: ", "'t'", "--ignore");
    // shuffled, the name tells
    told(table("a,PassengerId,kind", ROWS, i -> "" + i * 37 % ROWS), "'PassengerId'");
    told(table("a,user_id,kind", ROWS, i -> "" + i * i), "'user_id'");
    assertThat(train(table("a,humid,kind", ROWS, i -> "" + i * 37 % ROWS)).remarks()).isEmpty();
    assertThat(train(table("a,id,kind", ROWS, i -> "" + i % 3)).remarks()).isEmpty();
  }

  @Test
  void aFirstLineThatIsARowIsRefused() throws Exception {
    for (String first :
        List.of("5.1,3.5,1.4,setosa", "5,3,1,setosa", "5.1,?,1.4,setosa", "-1,2,3,rare")) {
      refused(
          first + "\n4.9,3,1.4,setosa\n7,3.2,4.7,virginica\n6,2,5,setosa\n",
          "first line",
          first,
          "must name the columns");
    }
    refused("7.5,setosa\n4.9,setosa\n7,virginica\n", "first line", "must name the columns");
    refused("p,x,e\np,s,e\nq,x,f\nq,s,e\n", "first line", "must name the columns");
    refused("5.1,3.5,1.4,1.4,setosa\n4.9,3,1.4,2,virginica\n", "holds numbers", "must name");
    refused("5.1,3.5,0\n4.9,3,1\n4.7,3.1,0\n", "holds numbers", "must name the columns");
  }

  @Test
  void numbersThatNameColumnsAreNames() throws Exception {
    String rows = "\n4.9,3,1.4,setosa\n7,3.2,4.7,virginica\n";
    for (String header :
        List.of("0,1,2,kind", "1,2,3,kind", "2019,2020,2021,kind", "2015,2019,2021,kind")) {
      assertThat(train(header + rows).classes()).hasSize(2);
    }
    assertThat(train("0,kind\n4.9,setosa\n7,virginica\n").classes()).hasSize(2);
    // one name among the columns of numbers is enough
    assertThat(train("5.1,width,1.4,kind" + rows).classes()).hasSize(2);
    // and so is an option that found its column
    assertThat(DataSource.open(request("9,3,4,kind" + rows).withLabel("kind")).classes())
        .hasSize(2);
    String lengths = "850.1,900.5,950.2,1000.4,1050.3,kind";
    assertThat(train(lengths + "\n1,2,3,4,5,a\n2,3,4,5,7,b\n").classes()).hasSize(2);
  }

  @Test
  void aLabelThatIsMissingIsRefused() throws Exception {
    for (String missing :
        List.of("NaN", "nan", "NA", "N/A", "n/a", "<NA>", "null", "NULL", "None", "?")) {
      refused(
          labels(40, i -> i % 20 == 7 ? missing : i % 2 == 0 ? "x" : "y"),
          "row 7 (line 9), column 'kind'",
          "'" + missing + "' stands for a missing value");
    }
    assertThat(train(labels(40, i -> i % 2 == 0 ? "none" : "Na")).classes())
        .containsExactly("Na", "none");
    Schema model = train(labels(40, i -> i % 2 == 0 ? "x" : "y")).schema();
    DataRequest later = request("a,kind\n1,NaN\n").withRules(model);
    assertThatThrownBy(() -> DataSource.open(later))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("'NaN' stands for a missing value");
  }

  @Test
  void labelsThatAreQuantitiesAreRefused() throws Exception {
    refused(labels(50, i -> 7 * i + ".99"), "'kind' has 50 different values in 50 rows", "ranges");
    refused(labels(600, i -> i % 50 + ".5"), "50 different values in 600 rows", "quantity");
    refused(labels(600, i -> "$" + i % 50), "50 different values in 600 rows", "quantity");
    refused(labels(8, i -> i + ".25"), "8 different values in 8 rows", "quantity");
    refused(labels(50, i -> "" + 7 * i), "50 different values in 50 rows", "--label");
    refused(labels(50, i -> "name " + i), "50 different values in 50 rows", "--label");
  }

  @Test
  void labelsThatMayBeQuantitiesAreTold() throws Exception {
    told(labels(600, i -> "" + 7 * (i % 50)), "warning: ", "50 different values in 600 rows");
    told(labels(12, i -> "" + 7 * i), "warning: ", "12 different values in 12 rows");
    told(labels(90, i -> "c" + i % 30), "warning: ", "30 different values in 90 rows");
    for (IntFunction<String> classes :
        List.<IntFunction<String>>of(
            i -> "" + i % 50, i -> "" + (1 + i % 50), i -> i % 11 / 2.0 + "", i -> "c" + i % 30)) {
      assertThat(train(labels(600, classes)).remarks()).isEmpty();
    }
  }

  @Test
  void aColumnThatNeverVariesDecidesNothingLater() throws Exception {
    String text = table("a,k,j,kind", ROWS, i -> "0,-7.25");
    told(text, "columns 'k', 'j' never varies and is without effect");
    Dataset data = train(text);
    assertThat(data.schema().columns().stream().map(Column::role))
        .containsExactly(Role.NUMBER, Role.NUMBER, Role.NUMBER, Role.LABEL);
    String later = table("a,k,j,kind", ROWS, i -> "255,1e9");
    Dataset same = DataSource.open(request(later).withRules(data.schema()));
    for (int i = 0; i < ROWS; i++) {
      assertThat(row(data, i)[1]).isZero();
      assertThat(row(same, i)[0]).isEqualTo(row(data, i)[0]);
      assertThat(row(same, i)[1]).isCloseTo(0, within(1e-20f));
      assertThat(row(same, i)[2]).isCloseTo(0, within(1e-20f));
    }
    // 0.1 + 0.2 and 0.3 differ by rounding alone
    told(column(i -> i % 2 == 0 ? "0.30000000000000004" : "0.3"), "column 'c' never varies");
    // a text that was not there in training stays an error
    Schema texts = train(column(i -> "same")).schema();
    DataRequest other = request(column(i -> "other")).withRules(texts);
    assertThatThrownBy(() -> DataSource.open(other))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("not seen");
  }

  @Test
  void whatIsOnlyCopiedNeedNotBeLearnable() throws Exception {
    DataRequest train = request(table("a,name,kind", ROWS, i -> "n" + i));
    DataRequest copy =
        new DataRequest(
            train.data(),
            DataRequest.Purpose.COPY,
            train.rules(),
            train.dataDirectory(),
            train.label(),
            train.id(),
            train.weight(),
            train.ignore());
    assertThat(DataSource.open(copy).remarks()).isEmpty();
  }

  @Test
  void aTableWhoseInputsNeverVaryIsRefused() throws Exception {
    refused("k,j,kind\n0,x,cat\n0,x,dog\n", "no input column ever varies ('k', 'j')");
  }

  @Test
  void aNameWithACommaCanBeLeftOut() throws Exception {
    Dataset data =
        DataSource.open(
            request("a,\"b, c\",d,kind\n1,x,5,cat\n2,y,7,dog\n").withIgnore(List.of("b, c", "d")));
    assertThat(data.shape().channels()).isEqualTo(1);
  }

  @Test
  void aColumnTheModelNeedsCannotBeLeftOut() throws Exception {
    Schema model = train(column(i -> "" + i * 7 % 5)).schema();
    DataRequest later =
        request(column(i -> "" + i * 7 % 5)).withIgnore(List.of("c")).withRules(model);
    assertThatThrownBy(() -> DataSource.open(later))
        .isInstanceOf(Usage.class)
        .hasMessageContaining("column 'c' is an input of the model");
  }

  private static float[] row(Dataset data, int sample) {
    ByteBuffer bytes = ByteBuffer.allocate(data.sampleBytes()).order(ByteOrder.LITTLE_ENDIAN);
    data.copy(sample, bytes, 0);
    float[] values = new float[data.sampleBytes() / 4];
    bytes.asFloatBuffer().get(values);
    return values;
  }
}
