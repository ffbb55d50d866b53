package io.gradsieve.sieve;

import io.gradsieve.GradsieveException;
import io.gradsieve.Internal;
import java.nio.ByteBuffer;

/**
 * The epochs whose records say how far labels can be trusted: {@value #LENGTH} of them, from when
 * the network knows more than the classes' frequencies but has not learned single samples by heart.
 * They begin with the first whose training loss is below ⅔·ln K or, if sooner, below 0.95·ln K and
 * above 0.95 of the one five epochs before: it has come to rest. Where neither happens they are the
 * run's last; a run that ends sooner has fewer. Which they are is known when the first has ended;
 * until then the run's last ones are taken for them.
 */
@Internal
public final class EarlyEpochs {
  /** How many they are. */
  static final int LENGTH = 5;

  /** Bytes of {@link #write}. */
  static final int BYTES = 3 * Integer.BYTES + LENGTH * Double.BYTES;

  private static final double LEARNED = 2.0 / 3;
  private static final double BEGUN = 0.95;
  private static final double RESTING = 0.95;

  private final int classes;
  private final int epochs;

  /** Training losses of the last epochs, by epoch modulo their number. */
  private final double[] losses = new double[LENGTH];

  /** The first, 0 while it is not known. */
  private int first;

  /**
   * Of a run that begins.
   *
   * @param classes K
   * @param epochs of the run; 0: no epoch is an early one
   */
  public EarlyEpochs(int classes, int epochs) {
    this.classes = classes;
    this.epochs = epochs;
  }

  /** Of what is no run: none. */
  static EarlyEpochs none() {
    return new EarlyEpochs(0, 0);
  }

  /** The first, as far as is known. */
  int first() {
    return first > 0 ? first : Math.max(Math.min(epochs, 1), epochs - LENGTH + 1);
  }

  /** The last, as far as is known. */
  int last() {
    return Math.min(first() + LENGTH - 1, epochs);
  }

  boolean contain(int epoch) {
    return epoch >= first() && epoch <= last() && epoch > 0;
  }

  /**
   * An epoch has ended.
   *
   * @param trainLoss as in the metrics
   * @return whether it turned out to be the first
   */
  boolean end(int epoch, double trainLoss) {
    double chance = Math.log(classes);
    double before = losses[epoch % LENGTH];
    losses[epoch % LENGTH] = trainLoss;
    boolean resting = epoch > LENGTH && trainLoss < BEGUN * chance && trainLoss > RESTING * before;
    if (first > 0 || !(trainLoss < LEARNED * chance || resting)) {
      return false;
    }
    first = epoch;
    return true;
  }

  void write(ByteBuffer target) {
    target.putInt(classes).putInt(epochs).putInt(first);
    for (double loss : losses) {
      target.putDouble(loss);
    }
  }

  static EarlyEpochs read(ByteBuffer source) {
    EarlyEpochs early = new EarlyEpochs(source.getInt(), source.getInt());
    early.first = source.getInt();
    for (int i = 0; i < LENGTH; i++) {
      early.losses[i] = source.getDouble();
    }
    if (early.classes < 0
        || early.epochs < 0
        || early.epochs > ScoreTable.MOST_EPOCHS
        || early.first < 0
        || early.first > early.epochs) {
      throw new GradsieveException.BadData("this is not a score table");
    }
    return early;
  }
}
