package io.gradsieve.format.csv;

import de.siegmar.fastcsv.reader.CloseableIterator;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.CsvRecordHandler;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.ByteSource;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * A CSV file with a header, read row by row (RFC 4180: commas, double quotes, UTF-8, a byte order
 * mark is skipped; gzip is opened). Rows count from 0 without the header, as a sample's index does;
 * lines from 1. Not thread-safe.
 */
public final class CsvTable implements AutoCloseable {
  /** Cells of a row. */
  public static final int MAX_COLUMNS = 1 << 17;

  /** Characters of a row; a longer one is most likely an unclosed quote. */
  private static final int MAX_ROW_CHARACTERS = 1 << 24;

  private final String name;
  private final CsvReader<CsvRecord> reader;
  private final CloseableIterator<CsvRecord> records;
  private final List<String> header;
  private long row = -1;
  private long line;
  private List<String> cells = List.of();

  private CsvTable(String name, CsvReader<CsvRecord> reader) {
    this.name = name;
    this.reader = reader;
    this.records = reader.iterator();
    if (!advance()) {
      throw new BadData(name + ": is empty; a header line and rows are needed");
    }
    this.header = cells.stream().map(String::strip).toList();
    CsvHeader.check(name, header);
  }

  /** Opens a file and reads its header, whose names must differ and not be empty. */
  public static CsvTable open(Path file) {
    ByteSource source = ByteSource.open(file);
    try {
      return of(source);
    } catch (RuntimeException e) {
      source.close();
      throw e;
    }
  }

  /** Reads a header from a source, which is closed with this. */
  public static CsvTable of(ByteSource source) {
    var decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    CsvRecordHandler handler =
        CsvRecordHandler.of(
            b ->
                b.maxFields(MAX_COLUMNS)
                    .maxFieldSize(MAX_ROW_CHARACTERS)
                    .maxRecordSize(MAX_ROW_CHARACTERS));
    return new CsvTable(
        source.name(),
        CsvReader.builder()
            .maxBufferSize(MAX_ROW_CHARACTERS)
            .allowExtraFields(true)
            .allowMissingFields(true)
            .build(handler, new SkippedMark(new InputStreamReader(source.stream(), decoder))));
  }

  public String name() {
    return name;
  }

  /** Column names, different, not empty. */
  public List<String> header() {
    return header;
  }

  /** Goes to the next row, which must have as many cells as the header; false at the end. */
  public boolean next() {
    if (!advance()) {
      return false;
    }
    row++;
    if (cells.size() < header.size()) {
      throw new BadData(
          where()
              + " has "
              + cells.size()
              + " cells, too few: column '"
              + header.get(cells.size())
              + "' is missing; the header names "
              + header.size());
    }
    if (cells.size() > header.size()) {
      throw tooMany();
    }
    return true;
  }

  /** More cells than names; if the header is one text, it is most likely no header. */
  private BadData tooMany() {
    String last = ByteSource.oneLine(header.get(header.size() - 1));
    String names = where() + " has " + cells.size() + " cells, too many: the header names ";
    if (header.size() == 1) {
      return new BadData(
          names
              + "1 ('"
              + last
              + "'); the first line must name the columns: remove those before it");
    }
    boolean one = cells.size() == header.size() + 1;
    boolean comma = one && cells.get(cells.size() - 1).isBlank();
    return new BadData(
        names
            + header.size()
            + ", up to column '"
            + last
            + (comma
                ? "'; the line ends in a comma: remove it"
                : "'; quote cells that hold commas, and write decimals with a point"
                    + (one ? "; if every row has one more, name that column, too" : "")));
  }

  private boolean advance() {
    try {
      if (!records.hasNext()) {
        return false;
      }
      CsvRecord record = records.next();
      line = record.getStartingLineNumber();
      cells = record.getFields();
      return true;
    } catch (UncheckedIOException e) {
      throw ByteSource.unreadable(name, e.getCause());
    } catch (CsvParseException e) {
      if (deepest(e) instanceof IOException io) {
        throw ByteSource.unreadable(name, io);
      }
      throw new BadData(
          name
              + ": cannot be read after line "
              + line
              + " ("
              + ByteSource.oneLine(deepest(e).getMessage())
              + "); is a quote left open, or the separator no comma?",
          e);
    }
  }

  private static Throwable deepest(Throwable e) {
    return e.getCause() == null ? e : deepest(e.getCause());
  }

  /** The current row's cell, without spaces around. */
  public String cell(int column) {
    return cells.get(column).strip();
  }

  /** The current row's cells as they are. */
  public List<String> cells() {
    return cells;
  }

  /** The current row, from 0. */
  public long row() {
    return row;
  }

  /** File, row and line, for messages. */
  public String where() {
    return name + ": row " + row + " (line " + line + ")";
  }

  /** File, row, line and column, for messages. */
  public String where(int column) {
    return where() + ", column '" + ByteSource.oneLine(header.get(column)) + "'";
  }

  @Override
  public void close() {
    try {
      reader.close();
    } catch (IOException ignored) {
      // nothing was written
    }
  }
}
