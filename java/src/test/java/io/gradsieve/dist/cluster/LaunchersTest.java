package io.gradsieve.dist.cluster;

import static io.gradsieve.dist.cluster.Environments.kubeflow;
import static io.gradsieve.dist.cluster.Environments.kubernetes;
import static io.gradsieve.dist.cluster.Environments.launch;
import static io.gradsieve.dist.cluster.Environments.mpich;
import static io.gradsieve.dist.cluster.Environments.openMpi;
import static io.gradsieve.dist.cluster.Environments.slurmBatch;
import static io.gradsieve.dist.cluster.Environments.slurmStep;
import static io.gradsieve.dist.cluster.Environments.slurmStepOfDaemons;
import static io.gradsieve.dist.cluster.Environments.together;
import static io.gradsieve.dist.cluster.Environments.torchrun;
import static io.gradsieve.dist.cluster.Environments.without;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LaunchersTest {
  private static Place place(Map<String, String> environment) {
    return Launchers.find(together(environment)).orElseThrow();
  }

  private static String master(Map<String, String> environment) {
    return place(environment).master().toString();
  }

  private static Place place(
      int rank, int localRank, int world, int localWorld, String master, String job, String by) {
    return new Place(
        rank,
        localRank,
        world,
        localWorld == 0 ? OptionalInt.empty() : OptionalInt.of(localWorld),
        Address.parse("test", master),
        job,
        by,
        List.of());
  }

  @Test
  void ourOwnLaunchSaysAll() {
    assertThat(place(launch(1, 2)))
        .isEqualTo(place(1, 1, 2, 2, "127.0.0.1:41234", "run-7f3a", "launch"));
    assertThat(place(without(launch(1, 2), "GRADSIEVE_JOB_ID")).jobId()).isEqualTo("launch:41234");
  }

  @Test
  void torchrunsStoreKeepsItsPortAndWeTakeTheNext() {
    assertThat(place(torchrun(6)))
        .isEqualTo(place(6, 2, 8, 4, "node7.cluster:29501", "none:29500", "torchrun"));
  }

  @Test
  void aPodOfKubeflowHasNoLocalRankAndItsPortIsFree() {
    assertThat(place(kubeflow(2)))
        .isEqualTo(place(2, 0, 3, 0, "mnist-master-0:23456", "none:23456", "torchrun"));
    assertThat(place(kubeflow(0)).jobId()).isEqualTo(place(kubeflow(2)).jobId());
  }

  @Test
  void openMpiOnOneHostMeetsOnLoopbackAtAPortOfItsNamespace() {
    Place place = place(openMpi(3, 4, 4));

    // 20,000 + CRC32 of the namespace modulo 10,000, as zlib has it; the same below
    assertThat(place).isEqualTo(place(3, 3, 4, 4, "127.0.0.1:28004", "2894069761", "Open MPI"));
  }

  @Test
  void mpichOnOneHostMeetsOnLoopback() {
    Place place = place(mpich(1, 2, 2));

    assertThat(place).isEqualTo(place(1, 1, 2, 2, "127.0.0.1:23595", "mpi", "MPICH"));
    Map<String, String> moved = together(mpich(1, 2, 2), Map.of("MASTER_PORT", "7001"));
    assertThat(master(moved)).isEqualTo("127.0.0.1:7001");
  }

  @Test
  void mpiOnSeveralHostsTakesTheRendezvousItIsGiven() {
    Map<String, String> given = Map.of("GRADSIEVE_RENDEZVOUS", "[fd00::7]:29400");

    assertThat(place(together(openMpi(5, 8, 4), given)).master())
        .isEqualTo(new Address("fd00::7", 29400));
    assertThat(place(together(mpich(5, 8, 4), given)).localRank()).isEqualTo(1);
  }

  @Test
  void aSlurmStepMeetsOnItsFirstHost() {
    assertThat(place(slurmStep(3))).isEqualTo(place(3, 1, 5, 2, "n01:27399", "4711.3", "Slurm"));
    assertThat(place(slurmStep(4)).localWorld()).hasValue(1);
    assertThat(master(together(slurmStep(3), Map.of("MASTER_PORT", "6000")))).isEqualTo("n01:6000");
  }

  @Test
  void aSlurmStepWhoseCountsAHostHasIsNotToldIsFoundAllTheSame() {
    assertThat(place(without(slurmStep(3), "SLURM_STEP_TASKS_PER_NODE")).localWorld()).isEmpty();
  }

  @Test
  void aPodOfAnIndexedJobMeetsAtPodZero() {
    assertThat(place(kubernetes(3)))
        .isEqualTo(place(3, 0, 4, 1, "fashion-0.fashion-workers:29400", "fashion", "Kubernetes"));
  }

  @Test
  void aPodWhoseHostNameIsQualifiedAndWhoseManifestWasWrittenForPyTorchIsFound() {
    Map<String, String> pod =
        together(
            without(kubernetes(2), "GRADSIEVE_WORLD_SIZE"),
            Map.of("WORLD_SIZE", "3", "HOSTNAME", "fashion-2.workers.ml.svc.cluster.local"));

    assertThat(place(pod).world()).isEqualTo(3);
    assertThat(place(pod).jobId()).isEqualTo("fashion");
  }

  @Test
  void whereNoLauncherIsOneTrainsAlone() {
    assertThat(Launchers.find(Map.of())).isEmpty();
    assertThat(Launchers.find(together(Map.of("MASTER_ADDR", "n01", "MASTER_PORT", "29500"))))
        .isEmpty();
  }

  @Test
  void aBatchShellAndAStepOfOneTaskTrainAlone() {
    assertThat(Launchers.find(slurmBatch())).isEmpty();
    Map<String, String> one =
        together(
            slurmStep(0), Map.of("SLURM_STEP_NUM_TASKS", "1", "SLURM_STEP_TASKS_PER_NODE", "1"));
    assertThat(Launchers.find(one)).isEmpty();
    assertThat(Launchers.find(together(one, Map.of("PMI_RANK", "0", "PMI_SIZE", "1")))).isEmpty();
  }

  /** {@code srun --mpi=pmi2}, the default of many clusters. */
  @Test
  void slurmsOwnPmiVariablesAreNotTakenForMpich() {
    Map<String, String> pmi =
        Map.of("PMI_RANK", "3", "PMI_SIZE", "5", "PMI_FD", "10", "PMI_JOBID", "4711.3");

    Place place = place(together(slurmStep(3), pmi));

    assertThat(place.launcher()).isEqualTo("Slurm");
    assertThat(place.remarks()).isEmpty();
  }

  @Test
  void mpirunInsideSlurmWinsAndSaysWhatSlurmSays() {
    Map<String, String> both =
        together(
            slurmStepOfDaemons(1), openMpi(5, 8, 4), Map.of("GRADSIEVE_RENDEZVOUS", "n01:29400"));

    Place place = place(both);

    assertThat(place.launcher()).isEqualTo("Open MPI");
    assertThat(place.rank()).isEqualTo(5);
    assertThat(place.remarks())
        .containsExactly(
            "Open MPI decides: rank 5 of 8, local rank 1; the variables of Slurm are ignored:"
                + " rank 1 of 2, local rank 0");
  }

  @Test
  void mpirunOnTheBatchHostInsideSlurmHasNoRemark() {
    Place place = place(together(slurmBatch(), openMpi(1, 4, 4)));

    assertThat(place.launcher()).isEqualTo("Open MPI");
    assertThat(place.remarks()).isEmpty();
  }

  @Test
  void hydraInsideSlurmWinsByItsLocalRank() {
    Place place = place(together(slurmStepOfDaemons(0), mpich(2, 4, 4)));

    assertThat(place.launcher()).isEqualTo("MPICH");
    assertThat(place.jobId()).isEqualTo("4711");
    assertThat(place.remarks()).hasSize(1);
  }

  @Test
  void torchrunInsideSlurmWins() {
    Place place = place(together(slurmStepOfDaemons(1), torchrun(6)));

    assertThat(place.launcher()).isEqualTo("torchrun");
    assertThat(place.master()).hasToString("node7.cluster:29501");
    assertThat(place.remarks()).singleElement().asString().contains("Slurm", "rank 1 of 2");
  }

  /** The usual batch script for PyTorch exports these before srun, which alone knows the rank. */
  @Test
  void aWorldSizeExportedForSrunDoesNotMakeItTorchrun() {
    Map<String, String> exported =
        Map.of("WORLD_SIZE", "5", "MASTER_ADDR", "n01", "MASTER_PORT", "29500");

    Place place = place(together(slurmStep(4), exported));

    assertThat(place).isEqualTo(place(4, 0, 5, 1, "n01:29500", "4711.3", "Slurm"));
  }

  @Test
  void variablesThatAgreeLeaveNoRemark() {
    Map<String, String> exported =
        Map.of(
            "RANK", "3",
            "LOCAL_RANK", "1",
            "WORLD_SIZE", "5",
            "MASTER_ADDR", "n01",
            "MASTER_PORT", "29500");

    Place place = place(together(slurmStep(3), exported));

    assertThat(place.launcher()).isEqualTo("torchrun");
    assertThat(place.master()).hasToString("n01:29500");
    assertThat(place.remarks()).isEmpty();
  }

  @Test
  void brokenVariablesOfALauncherThatDoesNotDecideAreOnlyRemarkedOn() {
    Place place = place(together(launch(0, 2), slurmStep(3), Map.of("SLURM_PROCID", "three")));

    assertThat(place.launcher()).isEqualTo("launch");
    assertThat(place.remarks()).singleElement().asString().contains("SLURM_PROCID is 'three'");
  }

  @Test
  void everyoneOfAJobFindsTheSameJobAndMaster() {
    assertThat(IntStream.range(0, 5).mapToObj(r -> place(slurmStep(r)).master()).distinct())
        .hasSize(1);
    assertThat(IntStream.range(0, 8).mapToObj(r -> place(torchrun(r)).jobId()).distinct())
        .hasSize(1);
    assertThat(IntStream.range(0, 4).mapToObj(r -> place(kubernetes(r)).master()).distinct())
        .hasSize(1);
  }
}
