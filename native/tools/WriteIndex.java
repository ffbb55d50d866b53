import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Writes the index of a bundle of native libraries: {@code WriteIndex DIRECTORY FILE...} copies the
 * files into the directory and adds {@code index}: the bundle's SHA-256 on the first line, then a
 * line {@code SIZE CRC32C NAME} for each file. Format and use: {@code io.gradsieve.natives.Bundle}.
 */
public final class WriteIndex {
  public static void main(String[] arguments) throws IOException, NoSuchAlgorithmException {
    Path directory = Files.createDirectories(Path.of(arguments[0]));
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    List<String> lines = new ArrayList<>();
    for (String argument : List.of(arguments).subList(1, arguments.length)) {
      Path source = Path.of(argument);
      byte[] content = Files.readAllBytes(source);
      CRC32C checksum = new CRC32C();
      checksum.update(content);
      String line =
          content.length
              + " "
              + HexFormat.of().toHexDigits((int) checksum.getValue())
              + " "
              + source.getFileName();
      digest.update((line + "\n").getBytes(StandardCharsets.UTF_8));
      digest.update(content);
      lines.add(line);
      Files.write(directory.resolve(source.getFileName()), content);
    }
    lines.add(0, HexFormat.of().formatHex(digest.digest()));
    Files.writeString(directory.resolve("index"), String.join("\n", lines) + "\n");
  }
}
