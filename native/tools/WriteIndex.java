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
 * {@code WriteIndex --if-built DIRECTORY FILE} leaves no bundle where the file was not built.
 */
public final class WriteIndex {
  public static void main(String[] arguments) throws IOException, NoSuchAlgorithmException {
    List<String> given = List.of(arguments);
    if (given.get(0).equals("--if-built")) {
      given = given.subList(1, given.size());
      if (!Files.exists(Path.of(given.get(1)))) {
        Files.deleteIfExists(Path.of(given.get(0), "index"));
        Files.deleteIfExists(Path.of(given.get(0), Path.of(given.get(1)).getFileName().toString()));
        return;
      }
    }
    Path directory = Files.createDirectories(Path.of(given.get(0)));
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    List<String> lines = new ArrayList<>();
    for (String argument : given.subList(1, given.size())) {
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
