package io.gradsieve.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.BackendContract;
import io.gradsieve.backend.Precision;
import io.gradsieve.backend.SmallNetwork;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.plan.StepPlan;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** On the libraries that stand in for CUDA's. */
@Tag("cuda")
class CudaBackendTest extends BackendContract {
  @Override
  protected Backend open(int threads) {
    return CudaBackend.open(0, threads, Precision.FP32);
  }

  @Test
  void memoryThatCannotBeHadIsOneClearLine() {
    try (CudaBackend backend = CudaBackend.open(0, 1, Precision.FP32)) {
      assertThatThrownBy(() -> new CudaBuffer(backend, 1L << 60, "arena"))
          .isInstanceOf(GradsieveException.Missing.class)
          .hasMessageContaining("arena")
          .hasMessageContaining("1152921504606846976 bytes")
          .hasMessageNotContaining("\n");
      assertThat(backend.ledger().open()).isEmpty();
    }
  }

  @Test
  void aDeviceThatIsNotThereIsNamedWithHowManyThereAre() {
    assertThatThrownBy(() -> CudaBackend.open(7, 1, Precision.FP32))
        .isInstanceOf(GradsieveException.Missing.class)
        .hasMessageContaining("cuda:7")
        .hasMessageContaining("1 GPU, cuda:0");
  }

  @Test
  void aLayerNormAtSeveralPositionsIsRefusedByItsLayersName() {
    Graph graph = SmallNetwork.sequence(true);
    try (Backend backend = open(1);
        ParameterValues weights = backend.parameters(graph)) {
      StepPlan plan = backend.plan(graph, 4, true, true);
      assertThatThrownBy(() -> backend.compile(plan, weights, Optional.empty()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("layer 3: no CUDA layer norm at several positions");
      weights.close();
      assertThat(backend.ledger().open()).isEmpty();
    }
  }
}
