package io.gradsieve.dist.cluster;

import static io.gradsieve.dist.cluster.Environments.kubeflow;
import static io.gradsieve.dist.cluster.Environments.kubernetes;
import static io.gradsieve.dist.cluster.Environments.launch;
import static io.gradsieve.dist.cluster.Environments.mpich;
import static io.gradsieve.dist.cluster.Environments.openMpi;
import static io.gradsieve.dist.cluster.Environments.slurmStep;
import static io.gradsieve.dist.cluster.Environments.together;
import static io.gradsieve.dist.cluster.Environments.torchrun;
import static io.gradsieve.dist.cluster.Environments.without;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.gradsieve.Fuzz;
import io.gradsieve.GradsieveException.Usage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each is one line that names the variable and its value. */
class WrongVariablesTest {
  private static String refusal(Map<String, String> environment) {
    return assertThatExceptionOfType(Usage.class)
        .isThrownBy(() -> Launchers.find(environment))
        .actual()
        .getMessage();
  }

  /** The variables that each launcher can't do without. */
  static Stream<Arguments> needed() {
    return Stream.of(
            List.of(launch(1, 2), "GRADSIEVE_RANK", "GRADSIEVE_LOCAL_RANK", "GRADSIEVE_WORLD_SIZE"),
            List.of(launch(1, 2), "GRADSIEVE_RANK", "GRADSIEVE_RENDEZVOUS"),
            List.of(torchrun(5), "RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"),
            List.of(kubeflow(1), "RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"),
            List.of(
                openMpi(1, 2, 2),
                "OMPI_COMM_WORLD_RANK",
                "OMPI_COMM_WORLD_LOCAL_RANK",
                "OMPI_COMM_WORLD_SIZE"),
            List.of(mpich(1, 2, 2), "PMI_RANK", "MPI_LOCALRANKID", "PMI_SIZE"),
            List.of(slurmStep(3), "SLURM_STEP_ID", "SLURM_PROCID", "SLURM_LOCALID"),
            List.of(slurmStep(3), "SLURM_STEP_ID", "SLURM_STEP_NODELIST", "SLURM_JOB_ID"),
            List.of(slurmStep(3), "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
            List.of(kubernetes(2), "JOB_COMPLETION_INDEX", "GRADSIEVE_WORLD_SIZE", "HOSTNAME"),
            List.of(kubernetes(2), "JOB_COMPLETION_INDEX", "GRADSIEVE_SUBDOMAIN"))
        .flatMap(
            row -> row.stream().skip(2).map(missing -> arguments(row.get(0), row.get(1), missing)));
  }

  @ParameterizedTest
  @MethodSource("needed")
  void aVariableThatIsMissingBesideItsSiblingsIsAskedFor(
      Map<String, String> environment, String sibling, String missing) {
    String value = environment.get(sibling);

    assertThat(refusal(without(environment, missing)))
        .isEqualTo(
            "%s is not set but %s is '%s': set both, or unset %s to train alone"
                .formatted(missing, sibling, value, sibling));
    assertThat(refusal(together(environment, Map.of(missing, "  "))))
        .contains(missing + " is not set");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "1.0", "two", "0x1", "1 2", "+1", "9999999999", "١", "1e3", "NaN"})
  void whatIsNoNumberIsRefused(String value) {
    for (String name : List.of("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")) {
      assertThat(refusal(together(torchrun(5), Map.of(name, value))))
          .startsWith("%s is '%s': no whole number".formatted(name, value));
    }
  }

  static Stream<Arguments> outOfRange() {
    return Stream.of(
        arguments(torchrun(5), "RANK", "8", "ranks go from 0 to 7 as WORLD_SIZE is 8"),
        arguments(torchrun(5), "WORLD_SIZE", "0", "at least one worker"),
        arguments(torchrun(5), "LOCAL_RANK", "4", "from 0 to 3 on this host"),
        arguments(torchrun(5), "LOCAL_WORLD_SIZE", "9", "1 to 8 workers as WORLD_SIZE is 8"),
        arguments(torchrun(5), "LOCAL_WORLD_SIZE", "0", "1 to 8 workers"),
        arguments(kubeflow(1), "LOCAL_RANK", "3", "from 0 to 2 on this host"),
        arguments(torchrun(5), "MASTER_PORT", "0", "no port"),
        arguments(torchrun(5), "MASTER_PORT", "65536", "no port"),
        arguments(torchrun(5), "MASTER_PORT", "65535", "choose a smaller one"),
        arguments(torchrun(5), "MASTER_ADDR", "two words", "no host name"),
        arguments(torchrun(5), "TORCHELASTIC_RUN_ID", "two words", "no job id"),
        arguments(kubernetes(2), "JOB_COMPLETION_INDEX", "4", "ranks go from 0 to 3"),
        arguments(kubernetes(2), "HOSTNAME", "other", "named <job>-2"),
        arguments(kubernetes(2), "GRADSIEVE_SUBDOMAIN", "a/b", "no Service's name"),
        arguments(slurmStep(3), "SLURM_STEP_TASKS_PER_NODE", "2(x2", "4(x2),3"),
        arguments(slurmStep(3), "SLURM_STEP_TASKS_PER_NODE", "2,,1", "4(x2),3"),
        arguments(slurmStep(3), "SLURM_NODEID", "3", "not a host of"),
        arguments(slurmStep(3), "SLURM_STEP_NODELIST", "n[01-", "no host list"),
        arguments(slurmStep(3), "MASTER_PORT", "x", "no whole number"),
        arguments(launch(1, 2), "GRADSIEVE_JOB_ID", "a b", "no job id"));
  }

  @ParameterizedTest
  @MethodSource("outOfRange")
  void aValueThatCannotBeIsRefusedWithWhatItMayBe(
      Map<String, String> environment, String name, String value, String advice) {
    String line = refusal(together(environment, Map.of(name, value)));

    assertThat(line).contains(name + " is '" + value).contains(advice).doesNotContain("\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"n01", "n01:", ":29400", "n01:0", "n01:65536", "fd00::7:80", "[n01]:80", "a b:80"})
  void aRendezvousThatIsNoAddressIsRefused(String value) {
    assertThat(refusal(together(openMpi(1, 2, 2), Map.of("GRADSIEVE_RENDEZVOUS", value))))
        .startsWith("GRADSIEVE_RENDEZVOUS is '" + value + "': give host:port");
  }

  @Test
  void mpiOnSeveralHostsAsksForARendezvous() {
    assertThat(refusal(openMpi(5, 8, 4)))
        .isEqualTo(
            "Open MPI started 8 workers, 4 of them on this host, but doesn't say where rank 0 is:"
                + " set GRADSIEVE_RENDEZVOUS to host:port of rank 0's host, with a free port, for"
                + " all workers");
    assertThat(refusal(without(mpich(1, 2, 2), "MPI_LOCALNRANKS")))
        .contains("MPICH started 2 workers, some of them on this host");
  }

  @ParameterizedTest
  @ValueSource(strings = {"GRADSIEVE_WORLD_SIZE", "WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
  void aWorldWithoutARankIsNotTrainedAlone(String name) {
    assertThat(refusal(together(Map.of(name, "4")))).contains(name + " is '4'");
  }

  @Test
  void aRendezvousWithoutARankIsNotTrainedAlone() {
    assertThat(refusal(Map.of("GRADSIEVE_RENDEZVOUS", "n01:29400")))
        .isEqualTo(
            "GRADSIEVE_RANK is not set but GRADSIEVE_RENDEZVOUS is 'n01:29400': set both, or unset"
                + " GRADSIEVE_RENDEZVOUS to train alone");
  }

  @Test
  void aLongOrHostileValueIsCutAndStaysOneLine() {
    String line =
        refusal(together(torchrun(5), Map.of("RANK", "7\u001b[2J\n" + "9".repeat(5_000))));

    assertThat(line).hasSizeLessThan(300).doesNotContain("\n", "\u001b");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"SLURM_PROCID", "SLURM_LOCALID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NODELIST"})
  void aDamagedVariableIsReadOrNamed(String name) {
    Map<String, String> good = slurmStep(3);
    new Fuzz(name, Usage.class)
        .run(
            1_000,
            mutations -> {
              byte[] bytes = mutations.damaged(good.get(name));
              String value = new String(bytes, StandardCharsets.UTF_8);
              Launchers.find(together(good, Map.of(name, value)))
                  .ifPresent(
                      place -> {
                        assertThat(place.rank()).isBetween(0, place.world() - 1);
                        assertThat(place.localRank()).isBetween(0, place.world() - 1);
                        assertThat(place.master().port()).isBetween(1, 65_535);
                      });
            });
  }
}
