package io.gradsieve.format.csv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpellingTest {
  private static void are(Spelling spelling, String... cells) {
    for (String cell : cells) {
      assertThat(Spelling.of(cell)).as(cell).contains(spelling);
    }
  }

  @Test
  void quantitiesWrittenInOtherWaysAreKnown() {
    are(
        Spelling.THOUSANDS,
        "1,037",
        "-12,500",
        "1,234,567.89",
        "1 037",
        "1\u00a0037",
        "1\u202f037,5",
        "1'037",
        "1.234.567",
        "1,00,000",
        "1_000");
    are(Spelling.DECIMAL_COMMA, "1,5", "0,125", "-3,14", ",5", "1.234,56", "1037,500", "2,5e3");
    are(Spelling.PERCENT, "12.5%", "12,5 %", "-3%", "1,200%", "5‰");
    are(
        Spelling.AMOUNT,
        "$5",
        "$1,037.00",
        "-$5",
        "5 €",
        "€ 5,20",
        "US$3",
        "USD 12",
        "12.50 EUR",
        "£3m",
        "$1.5M",
        "Rs. 500",
        "(1,037)",
        "($5)");
    are(
        Spelling.UNIT,
        "5 kg",
        "5kg",
        "37.5 °C",
        "12 km/h",
        "30 kg/m²",
        "4wd",
        "1.2K",
        "5'11\"",
        "2h 30m",
        "5ft 11in",
        ">5",
        "<0.1",
        "~3",
        "ca. 5");
    are(Spelling.OTHER_DIGITS, "−5", "١٢", "0x1F");
  }

  @Test
  void datesAndTimesAreKnown() {
    are(
        Spelling.DATE,
        "3 days 04:05:06",
        "0 days 00:00:01.500000",
        "-1 days +23:59:59",
        "2024-01-31",
        "2024/1/31",
        "2024-01-31 10:30:00",
        "2024-01-31T10:30:00.5Z",
        "2024-01-31T10:30:00+02:00",
        "2024-01",
        "31.01.2024",
        "1/31/24",
        "1/31/2024 10:30 PM",
        "31 Jan 2024",
        "31-Jan-24",
        "Jan 31, 2024",
        "January 2024",
        "Wed, 31 Jan 2024 10:30:00 GMT",
        "10:30",
        "23:59:59.9");
  }

  @Test
  void otherTextsAndPlainNumbersAreNone() {
    for (String cell :
        List.of(
            "",
            "Rome",
            "A1",
            "low",
            "10-20",
            "1.2.3",
            "3f2a9b",
            "555-1234",
            "12 Main Street",
            "a,b",
            "1,2,3",
            "12",
            "-1.5e3",
            "May",
            "x@y.z",
            "Mr. Smith",
            "+",
            "-",
            "16:9:4:1")) {
      assertThat(Spelling.of(cell)).as(cell).isEmpty();
    }
  }
}
