package io.gradsieve.cli;

/** The one line for what should never happen. */
final class Fault {
  private Fault() {}

  static String line(Throwable thrown) {
    if (thrown instanceof OutOfMemoryError) {
      return "Java memory is used up ("
          + thrown.getMessage()
          + "); give it more with java -Xmx4g -jar engine.jar";
    }
    StackTraceElement[] trace = thrown.getStackTrace();
    String where = trace.length == 0 ? "an unknown place" : trace[0].toString();
    return "this is a fault of ours: %s at %s; please report this line, the command and what doctor prints"
        .formatted(String.valueOf(thrown).replaceAll("\\s*\\R\\s*", " "), where);
  }
}
