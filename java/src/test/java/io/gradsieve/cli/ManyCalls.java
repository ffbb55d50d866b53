package io.gradsieve.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Calls the program once for each line of a file, which starts Java once for all of them. */
final class ManyCalls {
  private ManyCalls() {}

  /** Takes the file; prints {@code exit N} after what each call printed. */
  public static void main(String[] arguments) throws IOException {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    for (String line : Files.readAllLines(Path.of(arguments[0]))) {
      int exitCode = new Program(out, out, System.getenv(), false).run(line.split(" "));
      out.println("exit " + exitCode);
    }
  }
}
