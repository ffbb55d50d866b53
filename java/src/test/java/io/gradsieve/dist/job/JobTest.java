package io.gradsieve.dist.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.Activity;
import io.gradsieve.dist.CollectiveName;
import io.gradsieve.dist.Compression;
import io.gradsieve.dist.cluster.Address;
import io.gradsieve.dist.cluster.Place;
import io.gradsieve.dist.control.Certificates;
import io.gradsieve.dist.control.Protection;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class JobTest {
  @Test
  void whereOthersReachAWorkerATokenOrCertificatesAreNeeded(@TempDir Path directory)
      throws Exception {
    Optional<String> outside =
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
            .map(InetAddress::getHostAddress)
            .findFirst();
    assumeTrue(outside.isPresent(), "needs an address that is not loopback");
    assertThatThrownBy(() -> join(Protection.none(), outside))
        .isInstanceOf(Usage.class)
        .hasMessageStartingWith("this worker at %s can be reached".formatted(outside.get()))
        .hasMessageContainingAll("--token-file", "--tls-cert");
    var tls = Optional.of(Certificates.make(directory, "ours"));
    try (Job job = join(Protection.of(Optional.empty(), tls), outside)) {
      assertThat(job).isNotNull();
    }
  }

  private static Job join(Protection protection, Optional<String> outside) {
    Address nobody = new Address("127.0.0.1", 1);
    return Job.join(
        new Place(0, 0, 1, OptionalInt.empty(), nobody, "job-1", "launch", List.of()),
        new Job.Worker("1", new byte[32], List.of(), 1, "avx2"),
        protection,
        outside,
        new Means(CollectiveName.RING, Compression.NONE, OptionalInt.empty(), line -> {}),
        Duration.ofSeconds(1),
        new Activity(),
        line -> {});
  }
}
