package io.gradsieve.dist.control;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.handshake.Token;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Optional;

/**
 * What the processes of a job prove themselves with: a token, certificates, both, or, on loopback
 * only, neither. {@code docs/security.md} says what each protects from.
 *
 * @param token the job's secret
 * @param tls certificates for the connections of the rendezvous
 */
public record Protection(Optional<Token> token, Optional<Tls> tls) {
  /** What the open token is the hash of; both sides of a version must agree. */
  private static final String OPEN = "gradsieve job without a token, loopback only";

  /**
   * PEM files for mutual TLS.
   *
   * @param certificate this process's, with those in between behind it
   * @param key its private key, PKCS#8, not encrypted
   * @param authority the job's: whoever has a certificate of it is a member
   */
  public record Tls(Path certificate, Path key, Path authority) {}

  /** Neither: for loopback. */
  public static Protection none() {
    return new Protection(Optional.empty(), Optional.empty());
  }

  /**
   * Reads the token, and looks at the certificates as they are now.
   *
   * @throws Usage naming the file that is wrong: absent, open to other users, of another key or
   *     authority, expired
   */
  public static Protection of(Optional<Path> tokenFile, Optional<Tls> tls) {
    Protection protection = new Protection(tokenFile.map(Token::read), tls);
    protection.tls().ifPresent(files -> TlsFiles.read(files).check(files));
    return protection;
  }

  /**
   * Refuses an address that others than this machine reach, if nothing protects it.
   *
   * @param what listens or connects there, for the message, for instance "the rendezvous server"
   * @throws Usage if the address is not loopback and there is neither token nor certificate
   */
  public void require(InetAddress address, String what) {
    if (!address.isLoopbackAddress() && token.isEmpty() && tls.isEmpty()) {
      throw new Usage(
          "%s at %s can be reached from other machines and nothing protects it: give --token-file, or --tls-cert, --tls-key and --tls-ca"
              .formatted(what, address.getHostAddress()));
    }
  }

  /**
   * The token of the ring's handshakes. There is none where certificates alone protect the job, as
   * they prove nothing on the ring: its members learn one from the server, in TLS.
   */
  public Optional<Token> ringToken() {
    return tls.isPresent() ? token : Optional.of(handshakeToken());
  }

  /**
   * The token of the rendezvous' handshakes: the job's, or else one that everybody knows. That one
   * proves nothing; with it the handshake only keeps jobs apart, on loopback or inside of TLS.
   */
  Token handshakeToken() {
    return token.orElseGet(Protection::open);
  }

  private static Token open() {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      return Token.fresh(sha.digest(OPEN.getBytes(StandardCharsets.US_ASCII)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }
}
