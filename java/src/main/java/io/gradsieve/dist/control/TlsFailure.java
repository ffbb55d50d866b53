package io.gradsieve.dist.control;

import io.gradsieve.dist.handshake.Refusal;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.PKIXReason;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;

/**
 * What a TLS handshake failed for, as the JDK's exceptions tell. Of their texts only the JDK's own
 * words are looked at, and none is handed on.
 */
final class TlsFailure {
  /** Alerts about a certificate; any other is no verdict that lasts. */
  private static final Pattern CERTIFICATE_ALERT =
      Pattern.compile("fatal alert: (\\w*certificate\\w*|unknown_ca)\\b");

  /** What a client sends that has no certificate of an authority that the server named. */
  private static final Pattern NO_CERTIFICATE = Pattern.compile("Empty \\S* ?certificate chain");

  private static final Set<CertPathValidatorException.Reason> OLD =
      Set.of(BasicReason.EXPIRED, BasicReason.NOT_YET_VALID);

  /** An authority of the same name with another key is another one. */
  private static final Set<CertPathValidatorException.Reason> NOT_ISSUED =
      Set.of(BasicReason.INVALID_SIGNATURE, PKIXReason.NO_TRUST_ANCHOR, PKIXReason.NAME_CHAINING);

  private TlsFailure() {}

  /** Whether TLS has failed, or something else. */
  static boolean is(Throwable failure) {
    return causes(failure).stream().anyMatch(SSLException.class::isInstance);
  }

  /** The cause to tell; {@link Refusal#TLS_BROKE} if it is no other. */
  static Refusal refusal(Throwable failure) {
    List<Throwable> causes = causes(failure);
    if (any(causes, NotSslRecordException.class::isInstance)) {
      return Refusal.NO_TLS;
    } else if (any(causes, SslHandshakeTimeoutException.class::isInstance)) {
      return Refusal.TOO_SLOW;
    } else if (any(causes, each -> says(each, CERTIFICATE_ALERT))) {
      return Refusal.REFUSES_CERTIFICATE;
    } else if (any(causes, each -> says(each, NO_CERTIFICATE))) {
      return Refusal.OTHER_AUTHORITY;
    }
    return any(causes, CertificateException.class::isInstance)
        ? certificate(causes)
        : Refusal.TLS_BROKE;
  }

  private static Refusal certificate(List<Throwable> causes) {
    if (any(causes, TlsFailure::isOld)) {
      return Refusal.OLD_CERTIFICATE; // looked for first: no path is found either
    }
    boolean other =
        any(causes, CertPathBuilderException.class::isInstance)
            || any(causes, each -> isFor(each, NOT_ISSUED));
    return other ? Refusal.OTHER_AUTHORITY : Refusal.UNFIT_CERTIFICATE;
  }

  private static boolean isOld(Throwable cause) {
    return cause instanceof CertificateExpiredException
        || cause instanceof CertificateNotYetValidException
        || isFor(cause, OLD);
  }

  private static boolean isFor(Throwable cause, Set<CertPathValidatorException.Reason> reasons) {
    return cause instanceof CertPathValidatorException path && reasons.contains(path.getReason());
  }

  private static boolean says(Throwable cause, Pattern words) {
    return cause instanceof SSLException
        && words.matcher(String.valueOf(cause.getMessage())).find();
  }

  private static boolean any(List<Throwable> causes, Predicate<Throwable> test) {
    return causes.stream().anyMatch(test);
  }

  private static List<Throwable> causes(Throwable failure) {
    return Stream.iterate(failure, each -> each != null, Throwable::getCause).toList();
  }
}
