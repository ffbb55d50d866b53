package io.gradsieve.backend.reference;

import io.gradsieve.backend.Backend;
import io.gradsieve.backend.BackendContract;
import io.gradsieve.backend.CompiledStep.Mode;
import io.gradsieve.backend.GradientCheck;
import io.gradsieve.backend.SmallNetwork;
import io.gradsieve.graph.Graph;
import org.junit.jupiter.api.Test;

class ReferenceBackendTest extends BackendContract {
  @Override
  protected Backend open(int threads) {
    return new ReferenceBackend();
  }

  @Test
  void aLayerNormAtEveryPositionHasItsGradientsAndNorms() {
    Graph graph = SmallNetwork.sequence(true);
    try (Backend backend = open(1)) {
      GradientCheck.slopes(backend, graph);
      GradientCheck.samples(backend, graph, Mode.TRAINING);
    }
  }
}
