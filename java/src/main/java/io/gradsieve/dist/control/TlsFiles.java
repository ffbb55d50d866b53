package io.gradsieve.dist.control;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.control.Protection.Tls;
import io.gradsieve.dist.handshake.Refusal;
import io.gradsieve.dist.handshake.SecretFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * What the PEM files of TLS hold, read and fitting together.
 *
 * @param key of the first certificate
 * @param certificates this process's, behind it those between it and the authority
 * @param authorities of which others must have a certificate
 */
record TlsFiles(
    PrivateKey key, List<X509Certificate> certificates, List<X509Certificate> authorities) {
  private static final String CERTIFICATE = "--tls-cert";
  private static final String KEY = "--tls-key";
  private static final String AUTHORITY = "--tls-ca";

  private static final Pattern PKCS8 =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");

  private static final List<String> ALGORITHMS = List.of("EC", "RSA", "RSASSA-PSS", "EdDSA");

  /** Anything tells keys apart, but nothing: the JDK's EdDSA verifies no signature of it. */
  private static final byte[] TO_SIGN = {1};

  /** Bytes of a key's file; one that is longer holds something else. */
  private static final int MOST_IN_FILE = 64 << 10;

  /** What the JDK calls the exchange of keys in TLS 1.3, where it depends on no certificate. */
  private static final String ANY_EXCHANGE = "UNKNOWN";

  /**
   * Reads them.
   *
   * @throws Usage naming the option and the file that is absent, no PEM, open to other users, or
   *     not the certificate's
   */
  static TlsFiles read(Tls tls) {
    List<X509Certificate> certificates = certificates(CERTIFICATE, tls.certificate());
    List<X509Certificate> authorities = certificates(AUTHORITY, tls.authority());
    PrivateKey key = key(tls.key());
    if (!isPair(key, certificates.get(0).getPublicKey())) {
      String other = "is not the key of the first certificate in %s %s: give the two made together";
      throw wrong(KEY, tls.key(), other.formatted(CERTIFICATE, tls.certificate()));
    }
    return new TlsFiles(key, certificates, authorities);
  }

  /**
   * Whether others of this authority take the certificate now.
   *
   * @param tls where it was read from
   * @throws Usage if not, with the reason
   */
  void check(Tls tls) {
    Instant now = Instant.now();
    for (X509Certificate each : certificates) {
      Instant from = each.getNotBefore().toInstant();
      Instant until = each.getNotAfter().toInstant();
      if (now.isAfter(until)) {
        throw wrong(CERTIFICATE, tls.certificate(), "expired at %s: issue a new one", until);
      } else if (now.isBefore(from)) {
        String early = "not valid before %s, here it is %s: wait, or set the clock";
        throw wrong(CERTIFICATE, tls.certificate(), early, from, now);
      }
    }
    try {
      X509TrustManager others = trust();
      others.checkServerTrusted(shown(), ANY_EXCHANGE);
      others.checkClientTrusted(shown(), ANY_EXCHANGE);
    } catch (CertificateException e) {
      boolean stranger = TlsFailure.refusal(e) == Refusal.OTHER_AUTHORITY;
      String problem =
          stranger
              ? "not issued by %s %s: issue it there, or give its authority"
              : "issued by %s %s, but TLS does not take it: issue one for server and client, with an EC key of 256 bits";
      throw wrong(CERTIFICATE, tls.certificate(), problem, AUTHORITY, tls.authority());
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e); // every Java has it, and nothing is read
    }
  }

  /** The certificates, as the other side gets them. */
  X509Certificate[] shown() {
    return certificates.toArray(X509Certificate[]::new);
  }

  /** As the other side's; revoked certificates are not looked for. */
  private X509TrustManager trust() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    for (X509Certificate each : authorities) {
      store.setCertificateEntry(String.valueOf(store.size()), each);
    }
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    factory.init(store);
    for (TrustManager each : factory.getTrustManagers()) {
      if (each instanceof X509TrustManager trust) {
        return trust;
      }
    }
    throw new IllegalStateException("PKIX without X.509");
  }

  private static List<X509Certificate> certificates(String option, Path file) {
    try (InputStream pem = Files.newInputStream(file)) {
      var found = CertificateFactory.getInstance("X.509").generateCertificates(pem);
      if (found.isEmpty()) {
        throw wrong(option, file, "holds no certificate, give one in PEM");
      }
      return found.stream().map(X509Certificate.class::cast).toList();
    } catch (CertificateException e) {
      throw wrong(option, file, "is no certificate in PEM");
    } catch (IOException e) {
      throw wrong(option, file, reason(e));
    }
  }

  private static PrivateKey key(Path file) {
    String text;
    try (InputStream pem = Files.newInputStream(file)) {
      if (SecretFile.isOpenToOthers(file)) {
        String open = "other users may read or change it, chmod 600 it and make a new key";
        throw wrong(KEY, file, open);
      }
      text = new String(pem.readNBytes(MOST_IN_FILE), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw wrong(KEY, file, reason(e));
    }
    Matcher block = PKCS8.matcher(text);
    if (block.find()) {
      try {
        return key(Base64.getMimeDecoder().decode(block.group(1)));
      } catch (IllegalArgumentException | GeneralSecurityException e) {
        // its message may quote the key
      }
    }
    String convert = "is no unencrypted PKCS#8 key in PEM, make one: %s -in %s -out NEW";
    throw wrong(KEY, file, convert, "openssl pkcs8 -topk8 -nocrypt", file);
  }

  private static PrivateKey key(byte[] encoded) throws GeneralSecurityException {
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
      } catch (InvalidKeySpecException e) {
        // of another one
      }
    }
    throw new InvalidKeySpecException();
  }

  private static boolean isPair(PrivateKey key, PublicKey shown) {
    if (key instanceof RSAKey own && shown instanceof RSAKey other) {
      return own.getModulus().equals(other.getModulus());
    }
    try {
      boolean curve = key.getAlgorithm().equals("EC");
      Signature signature = Signature.getInstance(curve ? "SHA256withECDSA" : key.getAlgorithm());
      signature.initSign(key);
      signature.update(TO_SIGN);
      byte[] signed = signature.sign();
      signature.initVerify(shown);
      signature.update(TO_SIGN);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false; // of another kind
    }
  }

  private static String reason(IOException e) {
    return e instanceof NoSuchFileException
        ? "there is no such file"
        : "can't be read, check its directory and owner";
  }

  private static Usage wrong(String option, Path file, String problem, Object... values) {
    return new Usage("%s %s: %s".formatted(option, file, problem.formatted(values)));
  }
}
