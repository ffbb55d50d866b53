package io.gradsieve;

/**
 * An error a user can act on: one line that says what is wrong, where (file, row, option) and what to do. Each kind is one
 * exit code of the command line. Anything else that is thrown is a fault of ours (exit code 1).
 */
public abstract sealed class GradsieveException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  private GradsieveException(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  private GradsieveException(int exitCode, String message, Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  /** The process's exit code for this kind. */
  public int exitCode() {
    return exitCode;
  }

  /** Wrong usage: an unknown option, key or value, or options that contradict each other. Exit code 2. */
  public static final class Usage extends GradsieveException {
    private static final long serialVersionUID = 1L;

    public Usage(String message) {
      super(2, message);
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
  }

  /** Training diverged: a loss, weight or norm is not finite. Exit code 5. */
  public static final class Diverged extends GradsieveException {
    private static final long serialVersionUID = 1L;

    public Diverged(String message) {
      super(5, message);
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
  }
}
