package io.gradsieve.dist.control;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.control.Protection.Tls;
import io.netty.channel.Channel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;

/**
 * Mutual TLS 1.3 or 1.2 from PEM files, by the JDK's own provider. Names in certificates are not
 * compared, as workers have none that last: the authority must be the job's own.
 */
final class TlsContexts {
  private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

  /** As for our own handshake, which runs inside: it can't even refuse before. */
  private static final long HANDSHAKE_MILLIS = 5_000;

  private TlsContexts() {}

  /** Refuses files that are no certificates and key that fit. */
  static void check(Tls tls) {
    server(tls);
  }

  static SslContext server(Tls tls) {
    readable(tls);
    try {
      return SslContextBuilder.forServer(tls.certificate().toFile(), tls.key().toFile())
          .clientAuth(ClientAuth.REQUIRE)
          .trustManager(tls.authority().toFile())
          .sslProvider(SslProvider.JDK)
          .protocols(PROTOCOLS)
          .build();
    } catch (IOException | IllegalArgumentException e) {
      throw wrongKey(tls);
    }
  }

  static SslContext client(Tls tls) {
    readable(tls);
    try {
      return SslContextBuilder.forClient()
          .keyManager(tls.certificate().toFile(), tls.key().toFile())
          .trustManager(tls.authority().toFile())
          .endpointIdentificationAlgorithm(null)
          .sslProvider(SslProvider.JDK)
          .protocols(PROTOCOLS)
          .build();
    } catch (IOException | IllegalArgumentException e) {
      throw wrongKey(tls);
    }
  }

  /** A connection's first handler. */
  static SslHandler handler(SslContext context, Channel channel) {
    SslHandler handler = context.newHandler(channel.alloc());
    handler.setHandshakeTimeoutMillis(HANDSHAKE_MILLIS);
    return handler;
  }

  private static void readable(Tls tls) {
    certificates("--tls-cert", tls.certificate());
    certificates("--tls-ca", tls.authority());
    try (InputStream key = Files.newInputStream(tls.key())) {
      key.read();
    } catch (IOException e) {
      throw wrong("--tls-key", tls.key(), reason(e));
    }
  }

  private static void certificates(String option, Path file) {
    try (InputStream pem = Files.newInputStream(file)) {
      if (CertificateFactory.getInstance("X.509").generateCertificates(pem).isEmpty()) {
        throw wrong(option, file, "holds no certificate, give one in PEM");
      }
    } catch (CertificateException e) {
      throw wrong(option, file, "is no certificate in PEM");
    } catch (IOException e) {
      throw wrong(option, file, reason(e));
    }
  }

  private static String reason(IOException e) {
    return e instanceof NoSuchFileException
        ? "there is no such file"
        : "can't be read, check its directory and owner";
  }

  private static Usage wrongKey(Tls tls) {
    String convert = "is no unencrypted PKCS#8 key in PEM, make one: openssl pkcs8 -topk8 -nocrypt";
    return wrong("--tls-key", tls.key(), convert);
  }

  private static Usage wrong(String option, Path file, String problem) {
    return new Usage("%s %s: %s".formatted(option, file, problem));
  }
}
