package io.gradsieve.nn;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.plan.UpdateRule;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NormsMemoryTest {
  @ParameterizedTest
  @CsvSource({"mlp, 128", "cnn, 128", "resnet20, 32"})
  void exactNormsTakeLessThanOnePercentOfTheMemory(String model, int batch) {
    long with = bytes(model, batch, true);
    long without = bytes(model, batch, false);
    assertThat((double) with / without).isBetween(1.0, 1.01);
  }

  /** What the weights and a step over them take. */
  private static long bytes(String model, int batch, boolean norms) {
    try (Backend backend = Backends.open(DeviceName.CPU, 2);
        Network network = Network.create(Models.of(model, 1, 28, 28, 10), backend::parameters, 1);
        CompiledStep step =
            backend.compile(
                backend.plan(network.graph(0, true), batch, true, norms),
                network.weights(),
                Optional.of(new UpdateRule.Sgd(0.9, false, 5e-4)))) {
      assertThat(step.trafficPerSample()).isPositive();
      return backend.ledger().open().values().stream().mapToLong(Long::longValue).sum();
    }
  }
}
