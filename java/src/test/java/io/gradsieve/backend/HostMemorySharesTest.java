package io.gradsieve.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.backend.CompiledStep.Place;
import io.gradsieve.backend.Learner.Update;
import io.gradsieve.dist.Collective;
import io.gradsieve.dist.GradientBuckets;
import io.gradsieve.dist.memory.HostMemories;
import io.gradsieve.dist.memory.SharedRegions;
import io.gradsieve.plan.UpdateRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Steps whose gradients lie in memory that all workers of the host see. */
@Timeout(60)
class HostMemorySharesTest {
  private static final UpdateRule SGD = new UpdateRule.Sgd(0.9, false, 5e-4);
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private static Learner learner(MemorySource gradients) {
    return new Learner(
        Backends.open(DeviceName.CPU, 1, Optional.empty(), gradients), "cnn", SGD, 3);
  }

  /** Mappings of common memory in this process. */
  private static long mapped() throws Exception {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains("memfd:gradsieve-")).count();
    }
  }

  @Test
  void theyEndWithTheBitsOfSharesInOneProcess() throws Exception {
    List<SharedRegions> regions = List.of(new SharedRegions(), new SharedRegions());
    Gathering gathering = new Gathering(2);
    List<Collective> workers = HostMemories.open(regions, PATIENCE);
    long before = mapped();
    try (Learner first = learner(regions.get(0));
        Learner second = learner(regions.get(1));
        Learner third = learner(MemorySource.OWN);
        Learner fourth = learner(MemorySource.OWN)) {
      assertThat(mapped()).isGreaterThan(before);
      assertThat(workers).extracting(Collective::bucketBytes).containsOnly(Collective.BUCKET);
      first.step.share(new GradientBuckets(workers.get(0)), true);
      second.step.share(new GradientBuckets(workers.get(1)), true);
      third.step.share(gathering.member(0), true);
      fourth.step.share(gathering.member(1), true);
      for (int own : new int[] {10, 5, 0, Learner.SAMPLES}) {
        List<Learner> left = List.of(first, third);
        List<Learner> right = List.of(second, fourth);
        left.forEach(learner -> learner.queue(0, own, Place.WHOLE, Update.PLAIN));
        right.forEach(learner -> learner.queue(own, Learner.SAMPLES, Place.WHOLE, Update.PLAIN));
        List<Learner> all = new ArrayList<>(left);
        all.addAll(right);
        all.forEach(learner -> learner.step.await());
        assertThat(Learner.same(first.memory(), third.memory())).isTrue();
        assertThat(Learner.same(second.memory(), fourth.memory())).isTrue();
      }
      // one sum a step, at its end, once all know where the gradients lie
      assertThat(workers).extracting(Collective::bucketBytes).containsOnly(Long.MAX_VALUE);
    } finally {
      workers.forEach(Collective::close);
    }
    assertThat(mapped()).isZero();
  }
}
