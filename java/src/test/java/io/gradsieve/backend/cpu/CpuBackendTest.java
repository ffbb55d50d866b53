package io.gradsieve.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.TestSeed;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.BackendContract;
import io.gradsieve.backend.BackendInfo;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.DirectSamples;
import io.gradsieve.backend.Perceptron;
import io.gradsieve.backend.SmallNetwork;
import io.gradsieve.backend.StepInput;
import io.gradsieve.backend.layout.Layout;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.augment.Augment;
import io.gradsieve.graph.Graph;
import io.gradsieve.graph.ParameterValues;
import io.gradsieve.natives.NativeMemory;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.lang.management.ManagementFactory;
import java.nio.ByteOrder;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CpuBackendTest extends BackendContract {
  @Override
  protected Backend open(int threads) {
    return CpuBackend.open(threads);
  }

  @Test
  void aSteadyStepAllocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (CpuBackend backend = CpuBackend.open(2);
        ParameterValues weights = backend.parameters(Perceptron.graph());
        CompiledStep step =
            backend.compile(
                backend.plan(Perceptron.graph(), 4, true, true),
                weights,
                Optional.of(new UpdateRule.Sgd(0.9, false, 0.01)));
        StepInput input = new DirectSamples(4, Perceptron.FEATURES * Float.BYTES).input(step)) {
      for (int count = 1; count <= 2000; count++) {
        train(step, input, count);
      }
      long allocations = backend.ledger().allocations();
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int count = 2001; count <= 3000; count++) {
        train(step, input, count);
      }
      long bytes = threads.getCurrentThreadAllocatedBytes() - before;
      assertThat(backend.ledger().allocations()).isEqualTo(allocations);
      // The counter itself may take some bytes; one object a step would be 16,000.
      assertThat(bytes).isLessThan(1000);
    }
  }

  private static void train(CompiledStep step, StepInput input, long count) {
    step.begin(input, 4, CompiledStep.Mode.TRAINING, 1, 1, -1);
    step.forward();
    step.backward();
    step.update(0.1, 4, 0, count);
    step.await();
  }

  @Test
  void normsMoveNoByteMore() {
    try (CpuBackend backend = CpuBackend.open(2);
        ParameterValues weights = backend.parameters(Perceptron.graph())) {
      long[] traffic = new long[2];
      for (int norms = 0; norms < 2; norms++) {
        StepPlan plan = backend.plan(Perceptron.graph(), 4, true, norms == 1);
        try (CompiledStep step = backend.compile(plan, weights, Optional.empty())) {
          traffic[norms] = step.trafficPerSample();
        }
      }
      assertThat(traffic[1]).isEqualTo(traffic[0]);
    }
  }

  @Test
  void memoryThatCannotBeHadIsOneClearLine() {
    try (CpuBackend backend = CpuBackend.open(1)) {
      assertThatThrownBy(() -> backend.allocate(1L << 60, "arena"))
          .isInstanceOf(GradsieveException.Missing.class)
          .hasMessageContaining("arena")
          .hasMessageContaining("1152921504606846976 bytes")
          .hasMessageNotContaining("\n");
      assertThat(backend.ledger().open()).isEmpty();
    }
  }

  @Test
  void resultsTooLargeForOneBufferAreRefused() {
    assertThatThrownBy(() -> Layout.viewable(1 << 20, 1 << 11, "results"))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageStartingWith("--batch-size: ")
        .hasMessageContaining("1048576 samples");
  }

  @Test
  void aSampleIsOneOfTheStoreAndHasAPlaceInTheBatch() {
    SampleStore store = new SampleStore("test", 3, 16);
    try (CpuBackend backend = CpuBackend.open(1);
        CpuInput input = new CpuInput(backend, 2, store, 4, 4, () -> {})) {
      input.sample(1, 2, Augment.NONE, 0);
      assertThatThrownBy(() -> input.sample(1, 3, Augment.NONE, 0))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> input.sample(1, -1, Augment.NONE, 0))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> input.sample(2, 0, Augment.NONE, 0))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(Augment.class)
  void anAugmentedSampleIsThatOfItsDraw(Augment augment) {
    RandomBits random = RandomBits.of(TestSeed.of(3), "augmented", 0);
    int height = 6;
    int width = 5;
    SampleStore store = new SampleStore("test", 4, height * width * 3);
    byte[] sample = new byte[store.sampleBytes()];
    byte[] expected = new byte[sample.length];
    byte[] found = new byte[sample.length];
    try (CpuBackend backend = CpuBackend.open(1);
        CpuInput input = new CpuInput(backend, 4, store, height, width, () -> {})) {
      for (int i = 0; i < 4; i++) {
        for (int j = 0; j < sample.length; j++) {
          sample[j] = (byte) random.at(i).below(j, 256);
        }
        store.set(i, sample);
      }
      for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 4; i++) {
          int other = (i + round) % 4;
          long draw = random.at(round).bits(i);
          input.sample(i, other, augment, draw);
          store.get(other, sample);
          augment.apply(draw, sample, height, width, 3, expected);
          long address =
              NativeMemory.view(input.samplesAddress() + 8L * i, 8)
                  .order(ByteOrder.LITTLE_ENDIAN)
                  .getLong();
          NativeMemory.view(address, found.length).get(found);
          assertThat(found).isEqualTo(expected);
        }
      }
    }
  }

  /** Native threads flush denormals to zero; the thread that opened the libraries must not. */
  @Test
  void theJvmKeepsItsDenormals() {
    try (CpuBackend backend = CpuBackend.open(2)) {
      assertThat(backend.info().device()).isEqualTo("cpu");
      float[] least = {Float.MIN_NORMAL, 0.5f};
      assertThat(least[0] * least[1]).isEqualTo(Float.intBitsToFloat(1 << 22));
    }
  }

  @Test
  void aLayerNormAtSeveralPositionsIsRefusedByItsLayersName() {
    Graph graph = SmallNetwork.sequence(true);
    try (CpuBackend backend = CpuBackend.open(1);
        ParameterValues weights = backend.parameters(graph)) {
      StepPlan plan = backend.plan(graph, 4, true, true);
      assertThatThrownBy(() -> backend.compile(plan, weights, Optional.empty()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("layer 3: no native layer norm at several positions");
    }
  }

  @Test
  void itSaysWhatRunsAndWhyNotMore() {
    try (Backend backend = CpuBackend.open(3)) {
      BackendInfo info = backend.info();
      assertThat(info.device()).isEqualTo("cpu");
      assertThat(info.threads()).isEqualTo(3);
      assertThat(info.blas()).isEqualTo("own " + info.instructionSet());
      assertThat(info.candidates())
          .extracting(BackendInfo.Candidate::name)
          .containsExactlyInAnyOrderElementsOf(CpuBackend.INSTRUCTION_SETS);
      assertThat(info.candidates())
          .filteredOn(BackendInfo.Candidate::usable)
          .extracting(BackendInfo.Candidate::name)
          .contains(info.instructionSet());
    }
  }
}
