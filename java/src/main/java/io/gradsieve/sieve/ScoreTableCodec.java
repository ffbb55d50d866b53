package io.gradsieve.sieve;

import io.gradsieve.GradsieveException;
import io.gradsieve.Internal;
import io.gradsieve.sieve.ScoreTable.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.Optional;

/**
 * A {@link ScoreTable} as bytes, bit for bit. Little-endian:
 *
 * <pre>
 * header, 92 bytes   "GSST" | version | samples | fields as bits | seed (8)
 *                    | the ranking's average (8, a double) | its score, −1 for none | 1 if relative
 *                    | classes | epochs of the run | first early one, 0 if not known
 *                    | training losses of the last five (8 each, doubles), by epoch modulo 5
 * each sample        flags (1) | times kept (2) | scored epoch (2)
 *                    | the opened fields in the order of {@link Field} (4 each, forgetting 2)
 * </pre>
 *
 * Fields without a number have 4 bytes. Flags: bit 0 kept, bits 1 to 3 the count of summed early
 * cross-entropies, bit 4 right when last scored, bit 5 ever right, bit 6 right in the last one
 * summed.
 */
@Internal
public final class ScoreTableCodec {
  /** Bytes before the first row. */
  public static final int HEADER_BYTES = 40 + EarlyEpochs.BYTES;

  private static final int MAGIC = 'G' | 'S' << 8 | 'S' << 16 | 'T' << 24;
  private static final int VERSION = 4;

  private ScoreTableCodec() {}

  /** Writes the header, {@link #HEADER_BYTES} bytes. */
  public static void writeHeader(ScoreTable table, ByteBuffer target) {
    Optional<Ranking> ranking = table.ranking();
    ByteOrder order = target.order();
    target.order(ByteOrder.LITTLE_ENDIAN);
    target.putInt(MAGIC).putInt(VERSION).putInt(table.samples()).putInt(columnBits(table));
    target.putLong(table.seed());
    target.putDouble(ranking.map(Ranking::average).orElse(0.0));
    target.putInt(ranking.map(by -> by.score().ordinal()).orElse(-1));
    target.putInt(ranking.map(by -> by.relative() ? 1 : 0).orElse(0));
    table.evidence.early().write(target);
    target.order(order);
  }

  private static int columnBits(ScoreTable table) {
    int bits = 0;
    for (Field field : table.fields()) {
      bits |= 1 << field.ordinal();
    }
    return bits;
  }

  /** Writes rows {@code from} to {@code to - 1}, {@link ScoreTable#bytesPerSample} bytes each. */
  public static void writeRows(ScoreTable table, int from, int to, ByteBuffer target) {
    ByteOrder order = target.order();
    target.order(ByteOrder.LITTLE_ENDIAN);
    for (int i = from; i < to; i++) {
      target.put(table.flags.bits[i]).putChar(table.timesKept[i]).putChar(table.scoredEpoch[i]);
      for (Field field : table.fields()) {
        if (field.bytes() == Character.BYTES) {
          target.putChar((char) table.bits(field, i));
        } else {
          target.putInt(table.bits(field, i));
        }
      }
    }
    target.order(order);
  }

  /**
   * An empty table as the header describes it; {@link #readRows} fills it.
   *
   * @throws GradsieveException.BadData if these are not the bytes of a table of this version
   */
  public static ScoreTable readHeader(ByteBuffer source) {
    if (source.remaining() < HEADER_BYTES) {
      throw new GradsieveException.BadData("the score table is cut short");
    }
    ByteOrder order = source.order();
    source.order(ByteOrder.LITTLE_ENDIAN);
    int magic = source.getInt();
    int version = source.getInt();
    int samples = source.getInt();
    int bits = source.getInt();
    long seed = source.getLong();
    double average = source.getDouble();
    int score = source.getInt();
    int relative = source.getInt();
    if (magic == MAGIC && version != VERSION) {
      throw new GradsieveException.BadData(
          "the score table has version %d, this program reads %d".formatted(version, VERSION));
    }
    boolean ranked = (bits >> Field.RANKING.ordinal() & 1) != 0;
    if (magic != MAGIC
        || samples < 0
        || bits >>> Field.values().length != 0
        || !(average >= 0 && average < 1)
        || score < -1
        || score >= Score.values().length
        || score == Score.FORGETTING.ordinal()
        || ranked != (score >= 0)) {
      throw new GradsieveException.BadData("this is not a score table");
    }
    EarlyEpochs early = EarlyEpochs.read(source);
    source.order(order);
    EnumSet<Field> fields = EnumSet.noneOf(Field.class);
    for (Field field : Field.values()) {
      if ((bits >> field.ordinal() & 1) != 0) {
        fields.add(field);
      }
    }
    Optional<Ranking> ranking =
        ranked
            ? Optional.of(new Ranking(Score.values()[score], average, relative != 0))
            : Optional.empty();
    return new ScoreTable(samples, fields, ranking, early, seed);
  }

  /** Reads rows {@code from} to {@code to - 1} as {@link #writeRows} wrote them. */
  public static void readRows(ScoreTable table, int from, int to, ByteBuffer source) {
    if (source.remaining() < (long) (to - from) * table.bytesPerSample()) {
      throw new GradsieveException.BadData("the score table is cut short");
    }
    ByteOrder order = source.order();
    source.order(ByteOrder.LITTLE_ENDIAN);
    for (int i = from; i < to; i++) {
      table.flags.bits[i] = source.get();
      table.timesKept[i] = source.getChar();
      table.scoredEpoch[i] = source.getChar();
      for (Field field : table.fields()) {
        table.bits(field, i, field.bytes() == Character.BYTES ? source.getChar() : source.getInt());
      }
    }
    source.order(order);
  }
}
