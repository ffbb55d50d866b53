package io.gradsieve.filter;

import static org.assertj.core.api.Assertions.assertThat;

import io.gradsieve.RandomBits;
import io.gradsieve.backend.Backend;
import io.gradsieve.backend.Backends;
import io.gradsieve.backend.DeviceName;
import io.gradsieve.config.TrainingConfig;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.train.StopRequest;
import io.gradsieve.train.Workers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FilterTrainingTest {
  private static final RandomBits RANDOM = RandomBits.of(5, "inputs", 0);

  private final StopRequest stop = new StopRequest();
  private Backend backend;

  @BeforeEach
  void open() {
    backend = Backends.open(DeviceName.CPU, 1);
  }

  @AfterEach
  void close() {
    backend.close();
  }

  /** Four features; more classes than a filter has bins. */
  static Dataset features(int samples) {
    SampleStore store = new SampleStore("features", samples, 16);
    for (int i = 0; i < samples; i++) {
      for (int d = 0; d < 4; d++) {
        store.setFloat(i, d, (float) (2 * RANDOM.uniform(4L * i + d) - 1));
      }
    }
    int[] labels = IntStream.range(0, samples).map(i -> i % 23).toArray();
    return new DatasetBuilder("features", SampleShape.features(4), false, store)
        .labels(labels)
        .build("features", DataRequest.evaluate("features"));
  }

  /** Images of 12×9, each of a brightness. */
  private static Dataset images(int samples) {
    SampleStore store = new SampleStore("images", samples, 108);
    for (int i = 0; i < samples; i++) {
      for (int t = 0; t < 108; t++) {
        store.setByte(i, t, (byte) (i % 200 + RANDOM.below(108L * i + t, 50)));
      }
    }
    return new DatasetBuilder("images", new SampleShape(1, 12, 9), true, store)
        .labels(new int[samples])
        .build("images", DataRequest.evaluate("images"));
  }

  private LearnedFilter fit(Dataset data, float[] scores) {
    return fit(data, scores, "seed=3").orElseThrow();
  }

  private Optional<LearnedFilter> fit(Dataset data, float[] scores, String... options) {
    String[] all = Arrays.copyOf(options, options.length + 1);
    all[options.length] = "threads=1";
    return new FilterTraining(TrainingConfig.of(all), backend)
        .fit(data, IntStream.range(0, scores.length).toArray(), scores, Workers.alone(stop));
  }

  private static byte[] bytes(LearnedFilter filter) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    filter.write(bytes);
    return bytes.toByteArray();
  }

  @Test
  void ofFeaturesItLearnsWhatTheyTellOfTheScore() {
    Dataset data = features(3000);
    float[] scores = new float[2000];
    for (int i = 0; i < scores.length; i++) {
      double x = 2 * RANDOM.uniform(4L * i) - 1;
      double y = 2 * RANDOM.uniform(4L * i + 1) - 1;
      scores[i] = (float) Math.exp(4 * x * y);
    }
    try (LearnedFilter filter = fit(data, scores)) {
      assertThat(filter.correlation().orElseThrow()).isBetween(0.8, 1.0);
      assertThat(filter.score()).isEqualTo("grad_norm");
      int[] never = IntStream.range(2000, 3000).toArray();
      float[] ranks = filter.ranks(data, never, stop);
      float[] products = new float[never.length];
      for (int i = 0; i < never.length; i++) {
        double x = 2 * RANDOM.uniform(4L * never[i]) - 1;
        products[i] = (float) (x * (2 * RANDOM.uniform(4L * never[i] + 1) - 1));
        assertThat(ranks[i]).isBetween(0f, 1f);
      }
      assertThat(Ranks.correlation(ranks, products)).isGreaterThan(0.8);
    }
  }

  @Test
  void ofImagesItLearnsByConvolutions() {
    float[] scores = new float[1000];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = -(i % 200);
    }
    try (LearnedFilter filter = fit(images(1000), scores)) {
      assertThat(filter.correlation().orElseThrow()).isGreaterThan(0.8);
    }
  }

  @Test
  void theSameScoresAndSeedGiveTheSameBytesAndAnotherSeedOthers() throws IOException {
    Dataset data = features(300);
    float[] scores = new float[300];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = i % 7;
    }
    try (LearnedFilter a = fit(data, scores);
        LearnedFilter b = fit(data, scores);
        LearnedFilter c = fit(data, scores, "seed=4").orElseThrow()) {
      assertThat(bytes(a)).isEqualTo(bytes(b)).isNotEqualTo(bytes(c));
    }
  }

  @Test
  void oneScoreOrOnlyEqualOnesAreNoReasonToFail() {
    Dataset data = features(30);
    float[] equal = new float[30];
    try (LearnedFilter one = fit(data, new float[] {2});
        LearnedFilter same = fit(data, equal)) {
      assertThat(one.correlation()).isEmpty();
      assertThat(same.correlation()).isEmpty();
      assertThat(one.ranks(data, data.train(), stop)).hasSize(30);
    }
  }

  @Test
  void ofFewerThanThirtyHeldOutThereIsNoCorrelation() {
    Dataset data = features(300);
    float[] scores = new float[300];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = i % 7;
    }
    try (LearnedFilter few = fit(data, Arrays.copyOf(scores, 299));
        LearnedFilter enough = fit(data, scores)) {
      assertThat(few.correlation()).isEmpty();
      assertThat(enough.correlation()).isPresent();
    }
  }

  @Test
  void askedToStopThereIsNone() {
    stop.stop(15);
    assertThat(fit(features(30), new float[30], "seed=1")).isEmpty();
  }
}
