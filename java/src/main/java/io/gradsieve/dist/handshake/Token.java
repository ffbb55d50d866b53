package io.gradsieve.dist.handshake;

import io.gradsieve.GradsieveException.Output;
import io.gradsieve.GradsieveException.Usage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Set;
import java.util.regex.Pattern;
import javax.crypto.Mac;

/**
 * The secret that all processes of a job share. Who records a handshake can test guesses, so it has
 * at least 128 bits. It comes from a file, never from an argument, which every user of the machine
 * sees, and is never shown.
 */
public final class Token {
  private static final int FRESH = 32;
  private static final int LEAST = 16;

  /** Bytes of a file; one that is longer holds something else. */
  private static final int MOST_IN_FILE = 1_024;

  private static final Pattern HEX = Pattern.compile("(?:[0-9a-fA-F]{2})+");
  private static final Pattern BASE64URL = Pattern.compile("[A-Za-z0-9_-]+={0,2}");

  private final byte[] key;

  private Token(byte[] key) {
    this.key = key;
  }

  /**
   * A new one.
   *
   * @param random 32 bytes from a secure generator
   */
  public static Token fresh(byte[] random) {
    if (random.length != FRESH) {
      throw new IllegalArgumentException("a fresh token has 32 bytes, not " + random.length);
    }
    return new Token(random.clone());
  }

  /**
   * The one in a file: hex digits, else base64url, white space around it ignored.
   *
   * @throws Usage if there is none, or others may read it
   */
  public static Token read(Path file) {
    String text;
    try {
      if (SecretFile.isOpenToOthers(file)) {
        throw wrong(file, "other users may read or change it, chmod 600 it and make a new token");
      }
      if (!Files.isRegularFile(file)) {
        throw wrong(file, "no regular file, give one that holds a token");
      }
      if (Files.size(file) > MOST_IN_FILE) {
        throw wrong(
            file, "more than %,d bytes, give one that holds a token".formatted(MOST_IN_FILE));
      }
      text = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
    } catch (NoSuchFileException e) {
      throw wrong(file, "there is none, make one: openssl rand -hex 32");
    } catch (IOException e) {
      throw wrong(file, "can't be read, check its directory and owner");
    }
    if (text.isEmpty()) {
      throw wrong(file, "empty, fill it: openssl rand -hex 32");
    }
    byte[] key = decoded(file, text);
    if (key.length < LEAST) {
      throw wrong(
          file,
          "a token of %d bits, at least %d are needed: openssl rand -hex 32"
              .formatted(8 * key.length, 8 * LEAST));
    }
    return new Token(key);
  }

  private static byte[] decoded(Path file, String text) {
    if (HEX.matcher(text).matches()) {
      return HexFormat.of().parseHex(text);
    }
    if (BASE64URL.matcher(text).matches()) {
      try {
        return Base64.getUrlDecoder().decode(text);
      } catch (IllegalArgumentException e) {
        // its message quotes the token
      }
    }
    throw wrong(file, "neither hex nor base64url, fill it: openssl rand -hex 32");
  }

  private static Usage wrong(Path file, String problem) {
    return new Usage("token file %s: %s".formatted(file, problem));
  }

  /**
   * Writes it into a new file that only its owner may read.
   *
   * @throws Output if the file is there already or can't be written
   */
  public void write(Path file) {
    try (var channel =
        Files.newByteChannel(
            file,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      String text = HexFormat.of().formatHex(key) + "\n";
      channel.write(StandardCharsets.US_ASCII.encode(text));
    } catch (IOException e) {
      throw new Output("token file %s: can't be written, choose another place".formatted(file), e);
    }
  }

  /** For proofs. */
  Mac mac() {
    return Hmac.of(key);
  }

  /** What a connection's keys come from. */
  byte[] extract(byte[] nonces) {
    return Hkdf.extract(nonces, key);
  }

  /** Nothing of it. */
  @Override
  public String toString() {
    return "Token[%d bits]".formatted(8 * key.length);
  }
}
