package io.gradsieve.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.dist.CollectiveName;
import io.gradsieve.dist.Compression;
import io.gradsieve.dist.rendezvous.Limits;
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
  void theWorkersOfAJobHaveAlikeWhatIsNeitherTheMachinesNorTheDatas() {
    List<String> plain = TrainingConfig.of("data=a.csv").jobSettings("a network");
    assertThat(plain).contains("epochs=10", "lr=0.05", "collective=auto");
    assertThat(plain.get(plain.size() - 1)).matches("model=[0-9a-f]{16}");
    assertThat(plain.stream().map(setting -> setting.substring(0, setting.indexOf('='))))
        .isSubsetOf(CommandOptions.TRAIN.stream().map(Option::name).toList())
        .doesNotHaveDuplicates();
    assertThat(
            TrainingConfig.of("data=b.csv", "data-dir=c", "threads=3", "out=z", "token-file=t")
                .jobSettings("a network"))
        .isEqualTo(plain);
    assertThat(TrainingConfig.of("lr=0.04", "micro-batch=32").jobSettings("another"))
        .contains("lr=0.04", "micro-batch=32")
        .doesNotContain(plain.get(plain.size() - 1));
  }

  @Test
  void aSettingThatAFrameDoesNotHoldStandsByItsHash() {
    List<String> texts = List.of("größe", "grösse\n", "x".repeat(200), "x".repeat(201));
    List<String> settings =
        texts.stream()
            .map(label -> TrainingConfig.of("label=" + label).jobSettings("a network").get(0))
            .toList();
    assertThat(settings)
        .allMatch(setting -> setting.matches("label=[0-9a-f]{16}"))
        .doesNotHaveDuplicates();
  }

  @Test
  void aFrameHoldsTwiceTheSettingsThatThereAre() {
    assertThat(2 * TrainingConfig.of().jobSettings("").size()).isLessThanOrEqualTo(Limits.SETTINGS);
    assertThat(CommandOptions.TRAIN).hasSizeLessThanOrEqualTo(Limits.SETTINGS);
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
