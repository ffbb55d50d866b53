package io.gradsieve.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.dist.CollectiveName;
import io.gradsieve.dist.Compression;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JobOptionsTest {
  @ParameterizedTest
  @CsvSource({"30s,30,30s", "5m,300,5m", "1h,3600,1h", "90s,90,1m30s", "1h0m5s,3605,1h5s"})
  void aTimeIsHoursMinutesAndSeconds(String text, long seconds, String printed) {
    WorkersConfig config = TrainingConfig.of("join-timeout=" + text).workers();
    assertThat(config.joining().joinTimeout()).isEqualTo(Duration.ofSeconds(seconds));
    assertThat(JobOptions.JOIN_TIMEOUT.type().printer().apply(config.joining().joinTimeout()))
        .isEqualTo(printed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "0s", "m", "5 m", "1s1m", "-1s", "169h", "9999999h", "1.5m"})
  void whatIsNoTimeIsWrongUsage(String text) {
    assertThatThrownBy(() -> TrainingConfig.of("join-timeout=" + text))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("a time such as 30s, 5m or 1h, from 1s to 168h");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.4", "3601", "15s", "0"})
  void aFailureTimeoutOutOfRangeIsWrongUsage(String text) {
    SettingsReader reader = new SettingsReader("launch", CommandOptions.LAUNCH);
    assertThatThrownBy(() -> reader.sets(List.of("failure-timeout=" + text)))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("a number of seconds, 1.5 to 3600");
  }

  @Test
  void aTrainingAloneAsksForNothing() {
    WorkersConfig config = TrainingConfig.of().workers();
    assertThat(config.syncBatchNorm()).isFalse();
    assertThat(config.collective()).isEqualTo(CollectiveName.AUTO);
    assertThat(config.compress()).isEqualTo(Compression.NONE);
    assertThat(config.interfaceName()).isEmpty();
    assertThat(config.joining())
        .isEqualTo(
            new JoiningConfig(Duration.ofMinutes(5), false, Optional.empty(), Optional.empty()));
  }

  @Test
  void whatChangesTheWeightsIsInTheHashAndTheRestIsNot() {
    String plain = TrainingConfig.of().hash();
    assertThat(TrainingConfig.of("sync-batchnorm=true").hash()).isNotEqualTo(plain);
    assertThat(TrainingConfig.of("compress=bf16").hash()).isNotEqualTo(plain);
    assertThat(
            TrainingConfig.of(
                    "interface=eth0",
                    "join-timeout=1s",
                    "allow-minority=true",
                    "token-file=secret",
                    "tls-cert=a",
                    "tls-key=b",
                    "tls-ca=c")
                .hash())
        .isEqualTo(plain);
  }

  @Test
  void tlsNeedsAllItsFiles() {
    assertThatThrownBy(() -> TrainingConfig.of("tls-cert=a", "tls-ca=c"))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessage("--tls-key: is missing; TLS needs --tls-cert, --tls-key and --tls-ca");
    assertThat(TrainingConfig.of("tls-cert=a", "tls-key=b", "tls-ca=c").workers().joining().tls())
        .contains(new JoiningConfig.TlsFiles(Path.of("a"), Path.of("b"), Path.of("c")));
  }

  @Test
  void theVariableNamesTheTokenFileWhereNoOptionDoes() {
    JoiningConfig none = TrainingConfig.of().workers().joining();
    JoiningConfig given = TrainingConfig.of("token-file=mine").workers().joining();
    assertThat(none.orTokenFile(Optional.empty()).tokenFile()).isEmpty();
    assertThat(none.orTokenFile(Optional.of(" ")).tokenFile()).isEmpty();
    assertThat(none.orTokenFile(Optional.of("theirs")).tokenFile()).contains(Path.of("theirs"));
    assertThat(given.orTokenFile(Optional.of("theirs")).tokenFile()).contains(Path.of("mine"));
  }
}
