package io.gradsieve.dist.control;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.control.Protection.Tls;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLException;

/**
 * Mutual TLS 1.3 or 1.2 from PEM files, by the JDK's own provider. Names in certificates are not
 * compared, as workers have none that last: the authority must be the job's own.
 */
final class TlsContexts {
  private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

  /** As for our own handshake, which runs inside: it can't even refuse before. */
  private static final long HANDSHAKE_MILLIS = 5_000;

  /**
   * A record with the fatal alert {@code unexpected_message} (RFC 8446, 6): from it who speaks no
   * TLS learns that this side does, of which Netty leaves it in the dark.
   */
  private static final byte[] NO_TLS_ALERT = {21, 3, 3, 0, 2, 2, 10};

  private TlsContexts() {}

  static SslContext server(Tls tls) {
    TlsFiles files = TlsFiles.read(tls);
    return built(
        tls,
        files,
        SslContextBuilder.forServer(files.key(), files.shown()).clientAuth(ClientAuth.REQUIRE));
  }

  static SslContext client(Tls tls) {
    TlsFiles files = TlsFiles.read(tls);
    return built(
        tls,
        files,
        SslContextBuilder.forClient()
            .keyManager(files.key(), files.shown())
            .endpointIdentificationAlgorithm(null));
  }

  private static SslContext built(Tls tls, TlsFiles files, SslContextBuilder side) {
    try {
      return side.trustManager(files.authorities().toArray(X509Certificate[]::new))
          .sslProvider(SslProvider.JDK)
          .protocols(PROTOCOLS)
          .build();
    } catch (SSLException e) {
      throw new Usage(
          "--tls-cert %s: TLS can't use it, issue one with an EC key of 256 bits"
              .formatted(tls.certificate()));
    }
  }

  /** A connection's first handler. */
  static SslHandler handler(SslContext context, Channel channel) {
    SslHandler handler = context.newHandler(channel.alloc());
    handler.setHandshakeTimeoutMillis(HANDSHAKE_MILLIS);
    if (context.isServer()) {
      handler
          .handshakeFuture()
          .addListener(
              shaken -> {
                if (shaken.cause() instanceof NotSslRecordException) {
                  ByteBuf alert = Unpooled.wrappedBuffer(NO_TLS_ALERT);
                  channel.pipeline().context(handler).writeAndFlush(alert);
                }
              });
    }
    return handler;
  }
}
