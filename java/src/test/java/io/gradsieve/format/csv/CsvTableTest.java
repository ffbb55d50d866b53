package io.gradsieve.format.csv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class CsvTableTest {
  private static CsvTable table(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return CsvTable.of(ByteSource.of("t.csv", new ByteArrayInputStream(bytes), bytes.length));
  }

  @Test
  void rowsCountFromZeroAndLinesFromOne() {
    CsvTable table = table("a,b\n1,2\n\"x\ny\",\"say \"\"hi\"\"\"\r\n 3 ,4");
    assertThat(table.header()).containsExactly("a", "b");
    assertThat(table.next()).isTrue();
    assertThat(table.where(1)).isEqualTo("t.csv: row 0 (line 2), column 'b'");
    assertThat(table.next()).isTrue();
    assertThat(table.cell(0)).isEqualTo("x\ny");
    assertThat(table.cell(1)).isEqualTo("say \"hi\"");
    assertThat(table.next()).isTrue();
    assertThat(table.cell(0)).isEqualTo("3");
    assertThat(table.where()).isEqualTo("t.csv: row 2 (line 5)");
    assertThat(table.next()).isFalse();
  }

  @Test
  void aByteOrderMarkIsSkipped() {
    assertThat(table("\ufeffa,b\n1,2").header()).containsExactly("a", "b");
  }

  @Test
  void headersMustNameTheColumns() {
    for (String header : List.of("", "a,a\n", "a,,b\n", "5.1,3.5,1.4\n", "1,2\n")) {
      assertThatThrownBy(() -> table(header))
          .as(header)
          .isInstanceOf(BadData.class)
          .hasMessageStartingWith("t.csv: ");
    }
    // pandas names columns so when it is given none
    assertThat(table("0,1,2\n").header()).containsExactly("0", "1", "2");
  }

  @Test
  void rowsWithTooFewOrTooManyCellsNameRowAndColumn() {
    CsvTable few = table("a,b,c\n1,2,3\n1,2\n");
    few.next();
    assertThatThrownBy(few::next)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("row 1 (line 3)")
        .hasMessageContaining("'c'");
    CsvTable many = table("a,b\n1,2,3\n");
    assertThatThrownBy(many::next)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("row 0 (line 2)")
        .hasMessageContaining("too many");
  }

  @Test
  void linesBeforeTheHeaderAreNamed() {
    for (String text : List.of("# made by x\na,b\n1,2\n", "@relation x\na,b\n")) {
      CsvTable table = table(text);
      assertThatThrownBy(table::next)
          .as(text)
          .isInstanceOf(BadData.class)
          .hasMessageContaining("row 0 (line 2)")
          .hasMessageContaining("the first line must name the columns: remove those before it");
    }
    for (String text : List.of("sep=,\na,b\n1,2\n", "sep=;\na;b\n1;2\n")) {
      assertThatThrownBy(() -> table(text))
          .as(text)
          .isInstanceOf(BadData.class)
          .hasMessageContaining("tells Excel the separator; remove it");
    }
    // names of rows without a name of their column, as R writes them
    CsvTable rows = table("a,b\n\"1\",2,3\n");
    assertThatThrownBy(rows::next)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("if every row has one more, name that column");
  }

  @Test
  void aCommaAtTheEndOfLinesIsNamed() {
    assertThatThrownBy(() -> table("a,b,\n1,2,\n"))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("end in a comma")
        .hasMessageNotContaining("pandas");
    CsvTable rows = table("a,b\n1,2,\n");
    assertThatThrownBy(rows::next)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("row 0 (line 2)")
        .hasMessageContaining("ends in a comma");
    assertThatThrownBy(() -> table(",a,b\n0,1,2\n"))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("index=False");
  }

  @Test
  void otherSeparatorsAreNamed() {
    for (String text : List.of("a;b;label\n1,5;2,5;x\n", "a;b\n1;2\n")) {
      assertThatThrownBy(() -> table(text))
          .as(text)
          .isInstanceOf(BadData.class)
          .hasMessageContaining("separator is ';', a comma is needed, and a point before decimals")
          .hasMessageContaining("sep=';', decimal=','");
    }
    assertThatThrownBy(() -> table("\"a\";\"b\"\n1;2\n"))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("';'")
        .hasMessageContaining("separator no comma?");
    assertThatThrownBy(() -> table("a\tb\n1\t2\n"))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("separator is the tab");
    assertThatThrownBy(() -> table("a|b\n1|2\n"))
        .isInstanceOf(BadData.class)
        .hasMessageContaining("separator is '|'");
    assertThat(table("a;b,c,d\n").header()).containsExactly("a;b", "c", "d");
  }

  @Test
  void textThatIsNotUtf8IsBadData() {
    byte[] bytes = {'a', ',', 'b', '\n', (byte) 0xff, ',', '1', '\n'};
    assertThatThrownBy(
            () -> {
              CsvTable table =
                  CsvTable.of(
                      ByteSource.of("t.csv", new ByteArrayInputStream(bytes), bytes.length));
              table.next();
            })
        .isInstanceOf(BadData.class)
        .hasMessageContaining("UTF-8");
  }

  @Test
  void aRowWithoutEndIsBadData() {
    CsvTable table = table("a,b\n\"" + "x".repeat(1 << 25));
    assertThatThrownBy(table::next)
        .isInstanceOf(BadData.class)
        .hasMessageContaining("after line 1")
        .hasMessageContaining("quote");
  }

  @Test
  void numbersAreDecimal() {
    for (String number : List.of("0", "-1", "+2.5", ".5", "5.", "1e9", "-1.5E-3", "007", "1e400")) {
      assertThat(Numbers.isNumber(number)).as(number).isTrue();
    }
    for (String text :
        List.of(
            "", "-", ".", "e5", "1e", "1f", "0x10", "1 2", "1,5", "nan", "NaN", "inf", "one",
            "1_000", "١")) {
      assertThat(Numbers.isNumber(text)).as(text).isFalse();
    }
  }

  @Property
  void whateverCountsAsANumberJavaCanParse(@ForAll String text, @ForAll double value) {
    if (Numbers.isNumber(text)) {
      Double.parseDouble(text);
    }
    if (Double.isFinite(value)) {
      assertThat(Numbers.isNumber(Double.toString(value))).isTrue();
    }
  }
}
