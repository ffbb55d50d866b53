package io.gradsieve.dist.cluster;

import java.util.HashMap;
import java.util.Map;

/** Variables as launchers really set them, for one process. */
final class Environments {
  private Environments() {}

  /** All of them; the later win, as an inner launcher's do. */
  @SafeVarargs
  static Map<String, String> together(Map<String, String>... parts) {
    Map<String, String> all = new HashMap<>(Map.of("PATH", "/usr/bin", "HOME", "/home/ada"));
    for (Map<String, String> part : parts) {
      all.putAll(part);
    }
    return all;
  }

  static Map<String, String> without(Map<String, String> environment, String... names) {
    Map<String, String> fewer = new HashMap<>(environment);
    for (String name : names) {
      fewer.remove(name);
    }
    return fewer;
  }

  static Map<String, String> launch(int rank, int world) {
    return Map.of(
        "GRADSIEVE_RANK", "" + rank,
        "GRADSIEVE_LOCAL_RANK", "" + rank,
        "GRADSIEVE_WORLD_SIZE", "" + world,
        "GRADSIEVE_LOCAL_WORLD_SIZE", "" + world,
        "GRADSIEVE_RENDEZVOUS", "127.0.0.1:41234",
        "GRADSIEVE_JOB_ID", "run-7f3a");
  }

  /** {@code torchrun --nnodes 2 --nproc-per-node 4}, static rendezvous. */
  static Map<String, String> torchrun(int rank) {
    Map<String, String> all = new HashMap<>();
    all.put("RANK", "" + rank);
    all.put("LOCAL_RANK", "" + rank % 4);
    all.put("WORLD_SIZE", "8");
    all.put("LOCAL_WORLD_SIZE", "4");
    all.put("GROUP_RANK", "" + rank / 4);
    all.put("GROUP_WORLD_SIZE", "2");
    all.put("ROLE_RANK", "" + rank);
    all.put("ROLE_WORLD_SIZE", "8");
    all.put("ROLE_NAME", "default");
    all.put("MASTER_ADDR", "node7.cluster");
    all.put("MASTER_PORT", "29500");
    all.put("OMP_NUM_THREADS", "1");
    all.put("TORCHELASTIC_RUN_ID", "none");
    all.put("TORCHELASTIC_RESTART_COUNT", "0");
    all.put("TORCHELASTIC_MAX_RESTARTS", "0");
    all.put("TORCHELASTIC_USE_AGENT_STORE", "True");
    return all;
  }

  /** A pod of a PyTorchJob of Kubeflow's training operator. */
  static Map<String, String> kubeflow(int rank) {
    return Map.of(
        "RANK", "" + rank,
        "WORLD_SIZE", "3",
        "MASTER_ADDR", rank == 0 ? "localhost" : "mnist-master-0",
        "MASTER_PORT", "23456",
        "PYTHONUNBUFFERED", "1",
        "PET_NNODES", "3",
        "HOSTNAME", rank == 0 ? "mnist-master-0" : "mnist-worker-" + (rank - 1),
        "KUBERNETES_SERVICE_HOST", "10.96.0.1");
  }

  /**
   * {@code mpirun} of Open MPI 4.1, as it printed them, {@code here} of the workers on this host.
   */
  static Map<String, String> openMpi(int rank, int world, int here) {
    Map<String, String> all = new HashMap<>();
    all.put("OMPI_COMM_WORLD_RANK", "" + rank);
    all.put("OMPI_COMM_WORLD_LOCAL_RANK", "" + rank % here);
    all.put("OMPI_COMM_WORLD_NODE_RANK", "" + rank % here);
    all.put("OMPI_COMM_WORLD_SIZE", "" + world);
    all.put("OMPI_COMM_WORLD_LOCAL_SIZE", "" + here);
    all.put("OMPI_UNIVERSE_SIZE", "" + world);
    all.put("OMPI_COMMAND", "java");
    all.put("PMIX_ID", "2894069761." + rank);
    all.put("PMIX_NAMESPACE", "2894069761");
    all.put("PMIX_RANK", "" + rank);
    return all;
  }

  /** {@code mpiexec.hydra} of MPICH 4.0, as it printed them; Intel MPI has the same. */
  static Map<String, String> mpich(int rank, int world, int here) {
    return Map.of(
        "PMI_RANK", "" + rank,
        "PMI_SIZE", "" + world,
        "PMI_FD", "9",
        "MPI_LOCALRANKID", "" + rank % here,
        "MPI_LOCALNRANKS", "" + here,
        "MPIR_CVAR_CH3_INTERFACE_HOSTNAME", "n01",
        "GFORTRAN_UNBUFFERED_PRECONNECTED", "y");
  }

  /** The allocation, as every process of a job sees it: {@code sbatch -N 3 -n 5}. */
  static Map<String, String> slurmBatch() {
    Map<String, String> all = new HashMap<>();
    all.put("SLURM_JOB_ID", "4711");
    all.put("SLURM_JOBID", "4711");
    all.put("SLURM_JOB_NODELIST", "n[01-03]");
    all.put("SLURM_NODELIST", "n[01-03]");
    all.put("SLURM_NNODES", "3");
    all.put("SLURM_NTASKS", "5");
    all.put("SLURM_NPROCS", "5");
    all.put("SLURM_TASKS_PER_NODE", "2(x2),1");
    all.put("SLURM_PROCID", "0");
    all.put("SLURM_LOCALID", "0");
    all.put("SLURM_NODEID", "0");
    all.put("SLURM_GTIDS", "0");
    return all;
  }

  /** One of the five tasks of {@code srun}, two on n01 and n02, one on n03. */
  static Map<String, String> slurmStep(int rank) {
    Map<String, String> all = slurmBatch();
    all.put("SLURM_STEP_ID", "3");
    all.put("SLURM_STEPID", "3");
    all.put("SLURM_STEP_NUM_TASKS", "5");
    all.put("SLURM_STEP_NUM_NODES", "3");
    all.put("SLURM_STEP_NODELIST", "n[01-03]");
    all.put("SLURM_STEP_TASKS_PER_NODE", "2(x2),1");
    all.put("SLURM_PROCID", "" + rank);
    all.put("SLURM_LOCALID", "" + rank % 2);
    all.put("SLURM_NODEID", "" + rank / 2);
    return all;
  }

  /** A step with one task a host, in which mpirun's daemons and torchrun run. */
  static Map<String, String> slurmStepOfDaemons(int host) {
    Map<String, String> all = slurmStep(0);
    all.put("SLURM_STEP_NUM_TASKS", "2");
    all.put("SLURM_STEP_NODELIST", "n[01-02]");
    all.put("SLURM_STEP_NUM_NODES", "2");
    all.put("SLURM_STEP_TASKS_PER_NODE", "1(x2)");
    all.put("SLURM_PROCID", "" + host);
    all.put("SLURM_NODEID", "" + host);
    return all;
  }

  static Map<String, String> kubernetes(int index) {
    return Map.of(
        "JOB_COMPLETION_INDEX", "" + index,
        "HOSTNAME", "fashion-" + index,
        "GRADSIEVE_WORLD_SIZE", "4",
        "GRADSIEVE_SUBDOMAIN", "fashion-workers",
        "KUBERNETES_SERVICE_HOST", "10.96.0.1");
  }
}
