package io.gradsieve;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * An error a user can act on: one line that says what is wrong, where (file, row, option) and what
 * to do. Each kind is one exit code of the command line. Anything else that is thrown is a fault of
 * ours (exit code 1).
 */
public abstract sealed class GradsieveException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Characters of a message; one that quotes a damaged file must not fill the screen. */
  private static final int MOST_CHARACTERS = 2_000;

  /** Characters of a name that are compared; the cost grows with the square. */
  private static final int MOST_COMPARED = 64;

  /** Letters that two names must share at their start for one to be a part of the other. */
  private static final int LEAST_PART = 3;

  private final int exitCode;

  private GradsieveException(int exitCode, String message) {
    super(oneLine(message));
    this.exitCode = exitCode;
  }

  private GradsieveException(int exitCode, String message, Throwable cause) {
    super(oneLine(message), cause);
    this.exitCode = exitCode;
  }

  /**
   * Whatever a message quotes from a file, it stays one line and sends no control codes to a
   * terminal.
   */
  private static String oneLine(String message) {
    String line = message.replaceAll("[\\p{Cntrl}\\u0085\\u2028\\u2029]+", " ");
    return line.length() <= MOST_CHARACTERS ? line : line.substring(0, MOST_CHARACTERS - 1) + "…";
  }

  /** One of the same kind that says this, caused by this one. */
  public abstract GradsieveException withMessage(String message);

  /** The process's exit code for this kind. */
  public int exitCode() {
    return exitCode;
  }

  /**
   * The name among {@code known} with the fewest letters to change, add, drop or swap to get from
   * {@code given}; the first of several. Every message about an unknown name ends with it.
   *
   * @throws IllegalArgumentException if nothing is known
   */
  public static String nearest(String given, Collection<String> known) {
    String best = "";
    int least = Integer.MAX_VALUE;
    for (String name : known) {
      int distance = distance(start(given), start(name));
      if (distance < least) {
        least = distance;
        best = name;
      }
    }
    if (least == Integer.MAX_VALUE) {
      throw new IllegalArgumentException("no names to compare with");
    }
    return best;
  }

  /**
   * The nearest name, if it is near: a typing error or a part away. Farther names would only lead
   * astray; a message then lists what is known, or says where that is shown.
   *
   * @throws IllegalArgumentException if nothing is known
   */
  public static Optional<String> near(String given, Collection<String> known) {
    String nearest = nearest(given, known);
    boolean near =
        2 * distance(start(given), start(nearest)) < Math.max(given.length(), nearest.length());
    return near
        ? Optional.of(nearest)
        : known.stream().filter(name -> isPart(given, name) || isPart(name, given)).findFirst();
  }

  private static boolean isPart(String part, String whole) {
    return part.length() >= LEAST_PART && whole.startsWith(part);
  }

  private static String start(String name) {
    return name.substring(0, Math.min(name.length(), MOST_COMPARED));
  }

  /** Edit distance with swaps of neighbours (Damerau 1964), letters compared without case. */
  private static int distance(String a, String b) {
    int[][] cost = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          cost[i][j] = i + j;
          continue;
        }
        int change = same(a, i, b, j) ? 0 : 1;
        cost[i][j] =
            Math.min(cost[i - 1][j - 1] + change, 1 + Math.min(cost[i - 1][j], cost[i][j - 1]));
        if (i > 1 && j > 1 && same(a, i, b, j - 1) && same(a, i - 1, b, j)) {
          cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
      }
    }
    return cost[a.length()][b.length()];
  }

  private static boolean same(String a, int i, String b, int j) {
    return Character.toLowerCase(a.charAt(i - 1)) == Character.toLowerCase(b.charAt(j - 1));
  }

  /**
   * Wrong usage: an unknown option, key or value, or options that contradict each other. Exit code
   * 2.
   */
  public static final class Usage extends GradsieveException {
    private static final long serialVersionUID = 1L;

    /** Other words for none; by letters alone {@code off} is nearest to {@code soft}. */
    private static final Set<String> OFF = Set.of("off", "no", "false", "disabled");

    public Usage(String message) {
      super(2, message);
    }

    private Usage(String message, Throwable cause) {
      super(2, message, cause);
    }

    @Override
    public Usage withMessage(String message) {
      return new Usage(message, this);
    }

    /**
     * The one line for a name that does not exist, with the nearest that does: {@code what} is for
     * instance "sieve".
     */
    public static Usage unknown(String what, String given, Collection<String> known) {
      boolean off = OFF.contains(given.toLowerCase(Locale.ROOT)) && known.contains("none");
      return new Usage(
          "unknown %s '%s': did you mean '%s'? Known: %s"
              .formatted(
                  what, given, off ? "none" : nearest(given, known), String.join(", ", known)));
    }
  }

  /** Bad or missing data, model, weights or checkpoint. Exit code 3. */
  public static final class BadData extends GradsieveException {
    private static final long serialVersionUID = 1L;

    public BadData(String message) {
      super(3, message);
    }

    public BadData(String message, Throwable cause) {
      super(3, message, cause);
    }

    @Override
    public BadData withMessage(String message) {
      return new BadData(message, this);
    }
  }

  /** A device or library is missing. Exit code 4. */
  public static final class Missing extends GradsieveException {
    private static final long serialVersionUID = 1L;

    public Missing(String message) {
      super(4, message);
    }

    public Missing(String message, Throwable cause) {
      super(4, message, cause);
    }

    @Override
    public Missing withMessage(String message) {
      return new Missing(message, this);
    }
  }

  /** Training diverged: a loss, weight or norm is not finite. Exit code 5. */
  public static final class Diverged extends GradsieveException {
    private static final long serialVersionUID = 1L;

    public Diverged(String message) {
      super(5, message);
    }

    public Diverged(String message, Throwable cause) {
      super(5, message, cause);
    }

    @Override
    public Diverged withMessage(String message) {
      return new Diverged(message, this);
    }
  }

  /**
   * A step could not be taken together with its other participants: one failed, does not answer or
   * has given up; names it. No weight was changed. Exit code 6.
   */
  public static final class PeerLost extends GradsieveException {
    private static final long serialVersionUID = 1L;

    public PeerLost(String message) {
      super(6, message);
    }

    public PeerLost(String message, Throwable cause) {
      super(6, message, cause);
    }

    @Override
    public PeerLost withMessage(String message) {
      return new PeerLost(message, this);
    }
  }

  /** Output could not be written; what was there before is intact. Exit code 7. */
  public static final class Output extends GradsieveException {
    private static final long serialVersionUID = 1L;

    public Output(String message) {
      super(7, message);
    }

    public Output(String message, Throwable cause) {
      super(7, message, cause);
    }

    @Override
    public Output withMessage(String message) {
      return new Output(message, this);
    }
  }
}
