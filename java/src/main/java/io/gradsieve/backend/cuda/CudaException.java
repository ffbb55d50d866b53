package io.gradsieve.backend.cuda;

/** A function of CUDA's libraries that failed: its name, the code, CUDA's own words. */
final class CudaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String function;
  private final int code;

  CudaException(String function, int code, String words) {
    super("%s: %s (%d)".formatted(function, words, code));
    this.function = function;
    this.code = code;
  }

  String function() {
    return function;
  }

  /** The function's result; each library has its own codes. */
  int code() {
    return code;
  }
}
