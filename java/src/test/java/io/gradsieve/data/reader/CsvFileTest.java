package io.gradsieve.data.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.DataSource;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.Schema;
import io.gradsieve.format.rules.Column;
import io.gradsieve.format.rules.Column.Role;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvFileTest {
  private static final String TABLE =
      "id,age,city,w,label\na,1,Rome,1,yes\nb,2,Oslo,0.5,no\nc,6,Rome,2,no\n";

  @TempDir Path temp;

  private String file(String text) throws Exception {
    return Samples.write(temp.resolve("t.csv"), text.getBytes(StandardCharsets.UTF_8)).toString();
  }

  private Dataset train(String text) throws Exception {
    return DataSource.open(DataRequest.train(file(text)));
  }

  private static float[] row(Dataset data, int sample) {
    ByteBuffer bytes = ByteBuffer.allocate(data.sampleBytes()).order(ByteOrder.LITTLE_ENDIAN);
    data.copy(sample, bytes, 0);
    float[] values = new float[data.sampleBytes() / 4];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  private void bad(String text, String... parts) {
    var thrown = assertThatThrownBy(() -> train(text)).as(text).isInstanceOf(BadData.class);
    for (String part : parts) {
      thrown.hasMessageContaining(part);
    }
  }

  @Test
  void numbersAreStandardisedAndTextsBecomeOneFeatureAValue() throws Exception {
    Dataset data = DataSource.open(DataRequest.train(file(TABLE)).withId("id").withWeight("w"));
    assertThat(data.shape()).isEqualTo(SampleShape.features(3));
    assertThat(data.bytes()).isFalse();
    assertThat(data.classes()).containsExactly("no", "yes");
    assertThat(data.label(0)).isEqualTo(1);
    assertThat(data.id(1)).isEqualTo("b");
    assertThat(data.index(1)).isEqualTo(1);
    assertThat(data.weight(2)).isEqualTo(2);
    // mean 3, deviation sqrt(14 / 3)
    float[] first = row(data, 0);
    assertThat(first[0]).isCloseTo((float) (-2 / Math.sqrt(14.0 / 3)), within(1e-7f));
    assertThat(first[1]).isZero();
    assertThat(first[2]).isEqualTo(1);
    assertThat(data.schema().columns().stream().map(Column::role))
        .containsExactly(Role.ID, Role.NUMBER, Role.CATEGORY, Role.WEIGHT, Role.LABEL);
    assertThat(data.schema().columns().get(2).categories()).containsExactly("Oslo", "Rome");
    assertThat(data.test()).isEmpty();
  }

  @Test
  void theLabelIsTheColumnOfThatNameElseTheLast() throws Exception {
    assertThat(train("label,a\nx,1\ny,2\n").classes()).containsExactly("x", "y");
    assertThat(train("a,kind\n1,x\n2,y\n").classes()).containsExactly("x", "y");
    assertThat(
            DataSource.open(
                    DataRequest.train(file("a,kind,label\n1,x,3\n2,y,4\n")).withLabel("kind"))
                .classes())
        .containsExactly("x", "y");
  }

  @Test
  void labelsThatAreNumbersAreSortedByValue() throws Exception {
    assertThat(train("a,label\n1,10\n2,9\n3,-1\n4,2\n").classes())
        .containsExactly("-1", "2", "9", "10");
    assertThat(train("a,label\n1,b\n2,10\n3,9\n4,a\n").classes())
        .containsExactly("9", "10", "a", "b");
  }

  @Test
  void columnsThatMixOrLackNumbersNameRowAndColumn() {
    bad("a,label\n1,x\ntwo,y\n", "row 1 (line 3)", "'a'", "two");
    bad("a,label\none,x\n2,y\n", "row 1 (line 3)", "'a'", "'2' among categories such as 'one'");
    bad("a,label\n-,x\n2,y\n", "row 1 (line 3)", "'2' among categories such as '-'");
    bad("a,label\n1,x\n,y\n", "row 1 (line 3)", "'a'", "empty");
    bad("a,label\n,x\n2,y\n", "row 0 (line 2)", "'a'", "empty");
    bad("a,label\n1,x\nnan,y\n", "row 1 (line 3)", "'a'", "not a finite number");
    bad("a,label\n-inf,x\n2,y\n", "row 0 (line 2)", "'a'", "not a finite number");
    bad("a,label\n1,x\n1e999,y\n", "row 1 (line 3)", "'a'", "1e999");
    bad("a,label\n1,x\n2,\n", "row 1 (line 3)", "'label'", "empty");
  }

  @Test
  void emptyTextAmongTextsIsACategory() throws Exception {
    assertThat(train("a,label\nr,x\n,y\n").schema().columns().get(0).categories())
        .containsExactly("", "r");
  }

  @Test
  void filesWithoutRowsInputsOrTwoClassesAreBadData() {
    bad("", "empty");
    bad("a,label\n", "no rows");
    bad("label\nx\ny\n", "no input column");
    // separated by spaces: all of it would be the label
    bad("a b kind\n1 2 x\n".concat("3 4 y\n".repeat(30)), "no input column", "separator a comma?");
    bad("a;label\n1;x\n2;y\n", "separator");
    bad("a,label\n1,x\n2,x\n", "same label 'x'");
    bad("a,label\n1,x\n", "same label 'x'");
  }

  @Test
  void weightsMustBeFiniteAndPositive() throws Exception {
    for (String weight : List.of("0", "-1", "nan", "1e60", "", "x", "1e-60")) {
      String text = "a,w,label\n1,1,x\n2," + weight + ",y\n";
      DataRequest request = DataRequest.train(file(text)).withWeight("w");
      assertThatThrownBy(() -> DataSource.open(request))
          .as(weight)
          .isInstanceOf(BadData.class)
          .hasMessageContaining("row 1 (line 3), column 'w'");
    }
  }

  @Test
  void optionsThatNameNoColumnAreWrongUsageWithTheNearest() throws Exception {
    String file = file(TABLE);
    for (DataRequest request :
        List.of(
            DataRequest.train(file).withLabel("lable"),
            DataRequest.train(file).withId("idd"),
            DataRequest.train(file).withWeight("x"),
            DataRequest.train(file).withIgnore(List.of("agee")))) {
      assertThatThrownBy(() -> DataSource.open(request))
          .isInstanceOf(Usage.class)
          .hasMessageContaining("nearest: '");
    }
    DataRequest twice = DataRequest.train(file).withId("label");
    assertThatThrownBy(() -> DataSource.open(twice))
        .isInstanceOf(Usage.class)
        .hasMessageContaining("'label'");
  }

  @Test
  void aModelsRulesAreUsedWhateverTheNewFileLooksLike() throws Exception {
    Schema model =
        DataSource.open(DataRequest.train(file(TABLE)).withIgnore(List.of("id")).withWeight("w"))
            .schema();
    String shuffled = "city,extra,label,age\nOslo,?,no,6\n";
    Dataset data = DataSource.open(DataRequest.evaluate(file(shuffled)).withRules(model));
    assertThat(data.schema()).isEqualTo(model);
    assertThat(data.label(0)).isZero();
    assertThat(row(data, 0)).containsExactly((float) (3 / Math.sqrt(14.0 / 3)), 1, 0);
    Dataset unlabelled = DataSource.open(DataRequest.predict(file("age,city\n3,Rome\n"), model));
    assertThat(unlabelled.labelled()).isFalse();
    assertThat(row(unlabelled, 0)).containsExactly(0, 0, 1);
  }

  @Test
  void dataThatBreaksAModelsRulesIsBadData() throws Exception {
    Schema model =
        DataSource.open(DataRequest.train(file(TABLE)).withIgnore(List.of("id", "w"))).schema();
    for (String[] c :
        new String[][] {
          {"age,city,label\n1,Bonn,yes\n", "row 0 (line 2), column 'city'", "'Bonn'"},
          {"age,city,label\nold,Rome,yes\n", "row 0 (line 2), column 'age'", "'old'"},
          {"age,city,label\n,Rome,yes\n", "row 0 (line 2), column 'age'", "empty"},
          {"age,city,label\n1,Rome,maybe\n", "column 'label'", "nearest"},
          {"ages,city,label\n1,Rome,yes\n", "no column 'age'", "'ages'"},
          {"age,city,labels\n1,Rome,yes\n", "no label column 'label'", "'labels'"},
          {"age,city,label\n1e300,Rome,yes\n", "column 'age'", "float32"}
        }) {
      DataRequest request = DataRequest.evaluate(file(c[0])).withRules(model);
      assertThatThrownBy(() -> DataSource.open(request))
          .as(c[0])
          .isInstanceOf(BadData.class)
          .hasMessageContaining(c[1])
          .hasMessageContaining(c[2]);
    }
  }

  @Test
  void aModelWithoutRulesTakesNumbersAsTheyAre() throws Exception {
    Dataset data =
        DataSource.open(
            DataRequest.evaluate(file("a,b,label\n1,2,1\n3,4,0\n")).withRules(Schema.plain(2)));
    assertThat(row(data, 1)).containsExactly(3, 4);
    assertThat(data.label(0)).isEqualTo(1);
    Dataset all = DataSource.open(DataRequest.predict(file("a,b\n1,2\n"), Schema.plain(2)));
    assertThat(row(all, 0)).containsExactly(1, 2);
  }

  @Test
  void aColumnWithTooManyTextsIsNoCategory() {
    StringBuilder text = new StringBuilder("name,label\n");
    for (int i = 0; i <= ColumnSurvey.MAX_CATEGORIES; i++) {
      text.append('n').append(i).append(i % 2 == 0 ? ",x\n" : ",y\n");
    }
    bad(text.toString(), "column 'name'", "--ignore");
  }

  @Test
  void numbersFarFromZeroKeepTheirDigits() throws Exception {
    Dataset data = train("t,label\n1700000000001,x\n1700000000002,y\n1700000000003,x\n");
    assertThat(row(data, 0)[0]).isCloseTo((float) -Math.sqrt(1.5), within(1e-4f));
    assertThat(row(data, 1)[0]).isZero();
  }
}
