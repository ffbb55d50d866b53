package io.gradsieve.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.gradsieve.GradsieveException;
import io.gradsieve.RandomBits;
import io.gradsieve.sieve.Score;
import io.gradsieve.train.StepValues;
import io.gradsieve.train.TrainingEvent.EpochFinished;
import io.gradsieve.train.TrainingListener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program that links the engine. */
class TrainingTest {
  private static final int SAMPLES = 600;
  private static final int FEATURES = 8;
  private static final int CLASSES = 3;

  @TempDir Path directory;

  private final float[][] inputs = new float[SAMPLES][FEATURES];
  private final int[] right = new int[SAMPLES];
  private final int[] given = new int[SAMPLES];
  private final BitSet wrong = new BitSet();

  /** Three clouds; every fifteenth label is wrong. */
  TrainingTest() {
    RandomBits random = RandomBits.of(1, "clouds", 0);
    for (int i = 0; i < SAMPLES; i++) {
      right[i] = i % CLASSES;
      for (int k = 0; k < FEATURES; k++) {
        double noise = random.at(i).uniform(k) + random.at(i).uniform(FEATURES + k) - 1;
        inputs[i][k] = (float) ((k % CLASSES == right[i] ? 1.5 : 0) + noise);
      }
      wrong.set(i, i % 15 == 7);
      given[i] = wrong.get(i) ? (right[i] + 1) % CLASSES : right[i];
    }
  }

  private Training training(String... more) {
    List<String> settings =
        new ArrayList<>(List.of("epochs=15", "batch-size=32", "threads=1", "lr=0.05"));
    settings.addAll(List.of(more));
    return Training.of(Samples.of(inputs, given), settings.toArray(String[]::new));
  }

  @Test
  void itTrainsOnArraysAndTellsWhichLabelsAreWrong() {
    try (Trained trained = training().run()) {
      Scores scores = trained.scores();
      assertThat(scores.size()).isEqualTo(SAMPLES);
      List<Suspect> suspects = scores.suspects();
      long found = suspects.stream().filter(s -> wrong.get(s.sample())).count();
      assertThat(found).isGreaterThanOrEqualTo(wrong.cardinality() * 3L / 4);
      assertThat(found).isGreaterThanOrEqualTo(suspects.size() * 9L / 10);
      Suspect worst = suspects.get(0);
      assertThat(worst.label()).isEqualTo(Integer.toString(given[worst.sample()]));
      assertThat(worst.predicted()).isEqualTo(Integer.toString(right[worst.sample()]));
      assertThat(worst.quality()).isLessThan(0.2);
      assertThat(suspects).extracting(Suspect::quality).isSorted();
      assertThat(scores.keep(0.5))
          .hasSize(SAMPLES / 2)
          .doesNotContain(suspects.stream().mapToInt(Suspect::sample).toArray());
      assertThat(scores.keep("random", 0.25)).hasSize(SAMPLES / 4);
      assertThat(scores.values(Score.GRAD_NORM)).hasSize(SAMPLES);
      assertThat(trained.result().skipped()).isGreaterThan(0.3);
      assertThat(trained.result().directory()).isEmpty();
    }
  }

  @Test
  void itsModelPredictsAndIsTheSameWhenLoaded() {
    try (Trained trained = training().run()) {
      float[][] all = trained.model().predict(inputs);
      int hits = 0;
      for (int i = 0; i < SAMPLES; i++) {
        double sum = 0;
        for (float p : all[i]) {
          sum += p;
        }
        assertThat(sum).isCloseTo(1, within(1e-5)); // float32 softmax of three
        hits += most(all[i]) == right[i] ? 1 : 0;
      }
      assertThat(hits).isGreaterThan(SAMPLES * 95 / 100);
      assertThat(trained.model().predict(inputs[3])).containsExactly(all[3]);
      trained.model().save(directory.resolve("saved"));
      try (Model loaded = Model.load(directory.resolve("saved"))) {
        assertThat(loaded.classes()).containsExactly("0", "1", "2");
        assertThat(loaded.inputs()).isEqualTo(FEATURES);
        assertThat(loaded.predict(inputs)).isDeepEqualTo(all);
        Scores scores = loaded.score(Samples.of(inputs, right));
        assertThat(scores.value(Score.LOSS, 3))
            .isCloseTo((float) -Math.log(all[3][right[3]]), within(1e-4f)); // float32 log
      }
    }
  }

  private static int most(float[] values) {
    int best = 0;
    for (int k = 1; k < values.length; k++) {
      best = values[k] > values[best] ? k : best;
    }
    return best;
  }

  @Test
  void aListenerHearsOfItAndNothingIsWritten() {
    AtomicInteger epochs = new AtomicInteger();
    AtomicInteger steps = new AtomicInteger();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void epochFinished(EpochFinished event) {
            epochs.incrementAndGet();
          }

          @Override
          public void stepFinished(StepValues step) {
            steps.incrementAndGet();
          }
        };
    training("epochs=3").listener(listener).run().close();
    assertThat(epochs).hasValue(3);
    assertThat(steps).hasValue(3 * ((SAMPLES + 31) / 32));
  }

  @Test
  void aRunDirectoryIsWrittenWhereOneIsAskedFor() {
    Path run = directory.resolve("run");
    try (Trained trained = training("epochs=2", "out=" + run).run();
        Model model = Model.load(run)) {
      assertThat(run.resolve("scores.csv")).isNotEmptyFile();
      assertThat(model.predict(inputs[0])).containsExactly(trained.model().predict(inputs[0]));
    }
  }

  @Test
  void theSameTrainingGivesTheSameModel() {
    try (Trained one = training().run();
        Trained two = training().run()) {
      assertThat(one.model().predict(inputs)).isDeepEqualTo(two.model().predict(inputs));
    }
  }

  @Test
  void aTestPartNamesAndClassesAreArraysToo() {
    Samples samples =
        Samples.of(Arrays.copyOf(inputs, 500), Arrays.copyOf(given, 500))
            .test(
                Samples.of(
                    Arrays.copyOfRange(inputs, 500, SAMPLES),
                    Arrays.copyOfRange(right, 500, SAMPLES)))
            .classes("a", "b", "c");
    try (Trained trained = Training.of(samples, "epochs=10", "lr=0.05", "threads=1").run()) {
      assertThat(trained.result().test().orElseThrow().accuracy()).isGreaterThan(0.9);
      assertThat(trained.scores().size()).isEqualTo(500);
      assertThat(trained.scores().label(0)).isIn("a", "b", "c");
      assertThat(trained.model().classes()).containsExactly("a", "b", "c");
    }
  }

  @Test
  void imagesOfBytesAreScaledAsTheCommandLineDoes() {
    byte[][] pixels = new byte[200][2 * 4 * 4];
    int[] labels = new int[pixels.length];
    RandomBits random = RandomBits.of(2, "pixels", 0);
    for (int i = 0; i < pixels.length; i++) {
      labels[i] = i % 2;
      for (int k = 0; k < pixels[i].length; k++) {
        boolean bright = k / 16 == labels[i]; // one channel or the other
        pixels[i][k] = (byte) (random.at(i).uniform(k) * 60 + (bright ? 190 : 0));
      }
    }
    Samples samples = Samples.images(pixels, 2, 4, 4, labels);
    try (Trained trained = Training.of(samples, "epochs=5", "threads=1").run()) {
      float[] first = new float[pixels[0].length];
      for (int k = 0; k < first.length; k++) {
        first[k] = pixels[0][k] & 0xff;
      }
      float[][] all = trained.model().predict(Samples.images(pixels, 2, 4, 4));
      assertThat(trained.model().predict(first)).containsExactly(all[0]);
      assertThat(most(all[0])).isZero();
      assertThat(most(all[1])).isEqualTo(1);
      first[5] = 300;
      assertThatThrownBy(() -> trained.model().predict(first))
          .isInstanceOf(GradsieveException.BadData.class)
          .hasMessage("input 5 of sample 0 is 300.0: the model was trained on bytes, 0 to 255");
    }
  }

  @Test
  void aTablesModelTakesNumbersAsTheyStandInIt() throws Exception {
    StringBuilder csv = new StringBuilder("id,width,length,kind\n");
    for (int i = 0; i < 300; i++) {
      boolean large = i % 2 == 0;
      double jitter = i % 7 * 0.01;
      csv.append(
          "r%d,%s,%s,%s%n"
              .formatted(
                  i, large ? 9 + jitter : 3 - jitter, 100 + i % 5, large ? "large" : "small"));
    }
    Path file = directory.resolve("table.csv");
    Files.writeString(file, csv);
    Samples table = Samples.read(file.toString(), "label=kind", "id=id");
    List<String> notes = new ArrayList<>();
    try (Trained trained = Training.of(table, "epochs=30", "threads=1").notes(notes::add).run()) {
      assertThat(notes)
          .anyMatch(note -> note.contains("(validation 0 trains on all)"))
          .noneMatch(note -> note.contains(" --"));
      Model model = trained.model();
      assertThat(model.inputs()).isEqualTo(2);
      assertThat(model.classes()).containsExactly("large", "small");
      assertThat(most(model.predict(9, 101))).isZero();
      assertThat(most(model.predict(3, 101))).isEqualTo(1);
      assertThat(model.predict(Samples.read(file.toString(), "label=kind", "id=id"))[0])
          .containsExactly(model.predict(9f, 100f));
      assertThat(trained.scores().id(0)).startsWith("r");
      assertThatThrownBy(() -> model.predict(1))
          .hasMessage("sample 0 has 1 inputs, the model takes 2: width, length");
    }
  }

  @Test
  void whatAPruningPolicyLacksIsTold() {
    try (Trained trained = training("norms=off", "sieve=none", "epochs=2").run()) {
      Scores scores = trained.scores();
      assertThat(scores.keep("random", 0.5)).hasSize(SAMPLES / 2);
      assertThatThrownBy(() -> scores.keep("top", 0.5))
          .isInstanceOf(GradsieveException.Usage.class)
          .hasMessage("pruning policy top ranks by grad_norm, which was not recorded");
      assertThatThrownBy(() -> scores.keep("tops", 0.5))
          .isInstanceOf(GradsieveException.Usage.class)
          .hasMessageStartingWith("unknown pruning policy 'tops': did you mean 'top'?");
    }
  }

  @Test
  void mistakesAreToldInTheWordsOfCode() {
    Samples samples = Samples.of(inputs, given);
    assertThatThrownBy(() -> Training.of(samples, "epocs=3"))
        .isInstanceOf(GradsieveException.Usage.class)
        .hasMessageContaining("epochs")
        .hasMessageNotContaining("--");
    assertThatThrownBy(() -> Training.of(samples, "data=digits"))
        .hasMessage("data=digits: Samples say what the data is");
    assertThatThrownBy(() -> Training.of(samples, "lr=-1")).hasMessageNotContaining("--");
    assertThatThrownBy(() -> Samples.of(new float[][] {{1, 2}, {Float.NaN, 0}}, new int[2]))
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessage("samples: input 0 of sample 1 is NaN");
    assertThatThrownBy(() -> Samples.of(inputs, new int[3])).hasMessage("3 labels for 600 samples");
    assertThatThrownBy(() -> Training.of(Samples.of(inputs, new int[SAMPLES])).run())
        .isInstanceOf(GradsieveException.BadData.class)
        .hasMessageContaining("same label");
    assertThatThrownBy(() -> Model.load(directory.resolve("none")))
        .isInstanceOf(GradsieveException.class)
        .hasMessageNotContaining("--");
  }
}
