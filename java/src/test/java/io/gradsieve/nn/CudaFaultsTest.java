package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.GradsieveException;
import io.gradsieve.TestSeed;
import io.gradsieve.backend.Alone;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.MemoryLedger;
import io.gradsieve.backend.cuda.CudaBackend;
import io.gradsieve.backend.cuda.CudaFaults;
import io.gradsieve.backend.cuda.StagedCudaBackendTest;
import io.gradsieve.graph.FlatParameters;
import io.gradsieve.graph.Kind;
import io.gradsieve.natives.CudaLibraries;
import io.gradsieve.nn.layer.Activation;
import io.gradsieve.nn.layer.BatchNorm;
import io.gradsieve.nn.layer.Conv2d;
import io.gradsieve.nn.layer.Flatten;
import io.gradsieve.nn.layer.GlobalAveragePool;
import io.gradsieve.nn.layer.Linear;
import io.gradsieve.plan.UpdateRule;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The first, second, third … call of every function of CUDA's libraries fails, until a training
 * meets no fault any more: each time one line says so, nothing stays allocated, and the next
 * training is as if nothing had been.
 */
@Tag("cuda")
class CudaFaultsTest {
  private static final long SEED = TestSeed.of(23);

  /** More than a training makes of any. */
  private static final int MOST_CALLS = 2000;

  /** So many first calls fail one by one. */
  private static final int EACH = 12;

  private static final int BATCH = 2;
  private static final UpdateRule SGD = new UpdateRule.Sgd(0.9, false, 0);

  /** Asked for once a process, by the report on the machine alone, or where others take part. */
  private static final Set<String> ELSEWHERE =
      Set.of(
          "cuInit",
          "cuDeviceGet",
          "cuDeviceGetName",
          "cuDeviceTotalMem_v2",
          "cudaDeviceGetAttribute",
          "cudaDriverGetVersion",
          "cudaEventElapsedTime",
          "cudaEventQuery",
          "cudaGetErrorName",
          "cudaGetErrorString",
          "cudaGetLastError",
          "cudaRuntimeGetVersion",
          "cublasLtGetStatusName",
          "cublasLtGetStatusString",
          "cublasLtGetVersion",
          "cudnnGetErrorString",
          "cudnnGetVersion");

  static Stream<String> functions() {
    return CudaLibraries.functions().stream()
        .filter(function -> !function.startsWith("gs_") && !ELSEWHERE.contains(function))
        .sorted();
  }

  @AfterEach
  void noFaults() throws IOException {
    CudaFaults.set("");
  }

  @ParameterizedTest
  @MethodSource("functions")
  void aCallThatFailsIsOneLineAndNothingStays(String function) throws IOException {
    failsAndRecovers(function, false);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cudaEventCreateWithFlags",
        "cudaEventRecord",
        "cudaEventSynchronize",
        "cudaGraphInstantiate",
        "cudaGraphLaunch",
        "cudaHostAlloc",
        "cudaMemcpyAsync",
        "cudaSetDevice",
        "cudaStreamBeginCapture",
        "cudaStreamCreateWithFlags",
        "cudaStreamEndCapture",
        "cudaStreamSynchronize",
        "cudaStreamWaitEvent"
      })
  void soItIsWhereAStepIsAShare(String function) throws IOException {
    failsAndRecovers(function, true);
  }

  /** Steps that share with nobody end at the bits of those that stand alone. */
  private static void failsAndRecovers(String function, boolean shared) throws IOException {
    CudaFaults.set("");
    NetworkSpec spec = spec(function.contains("BackwardFilter"));
    float[] expected = train(spec, false).orElseThrow();
    CudaFaults.set(
        calls().mapToObj(call -> function + ":" + call).collect(Collectors.joining(",")));
    int faults = 0;
    Optional<float[]> result = train(spec, shared);
    while (result.isEmpty() && faults < MOST_CALLS) {
      faults++;
      result = train(spec, shared);
    }
    assertThat(result).as("a training without a fault").isPresent();
    assertThat(faults).as("faults met").isPositive();
    assertThat(result.get()).containsExactly(expected);
  }

  /** Each of the first, then ever fewer. */
  private static IntStream calls() {
    return IntStream.iterate(
        1, call -> call < MOST_CALLS, call -> call < EACH ? call + 1 : call + call / 6);
  }

  /** The weights after three steps, the third a graph; empty if a call failed, which is checked. */
  private static Optional<float[]> train(NetworkSpec spec, boolean shared) {
    MemoryLedger ledger = new MemoryLedger();
    try {
      CudaBackend backend = StagedCudaBackendTest.staged(1);
      ledger = backend.ledger();
      try (NetworkStep step = new NetworkStep(backend, spec, BATCH, SGD, SEED)) {
        if (shared) {
          step.compiled.share(new Alone(), true);
        }
        for (int count = 1; count <= 3; count++) {
          step.train(Mode.TRAINING, 0.05, count);
        }
        return Optional.of(FlatParameters.read(step.network.weights()));
      }
    } catch (GradsieveException.Missing e) {
      assertThat(e).hasMessageNotContaining("\n");
      assertThat(ledger.open()).isEmpty();
      return Optional.empty();
    }
  }

  /**
   * With convolutions, batch norm and products.
   *
   * @param wide so many channels that the weight gradient is cuDNN's
   */
  private static NetworkSpec spec(boolean wide) {
    Activation relu = new Activation(Kind.Function.RELU);
    int channels = wide ? 128 : 4;
    return NetworkSpec.of(
        List.of(3, 2, 2),
        List.of(
            new Conv2d(channels, 3, 3, 1, 1, true),
            relu,
            new Conv2d(channels, 3, 3, 1, 1, false),
            new BatchNorm(),
            relu,
            new GlobalAveragePool(),
            new Flatten(),
            new Linear(3, true)));
  }
}
