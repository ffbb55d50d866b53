package org.example.consumer;

import io.gradsieve.api.Samples;
import io.gradsieve.api.Trained;
import io.gradsieve.api.Training;
import java.util.Arrays;

/** Trains on arrays, finds wrong labels, leaves out half, trains again and predicts. */
public final class TrainAndPrune {
  public static void main(String[] arguments) {
    Clouds clouds = new Clouds(900, 1);
    float[][] inputs = clouds.inputs();
    int[] labels = clouds.labels();
    String[] settings = {"epochs=15", "batch-size=32", "lr=0.05"};
    int[] rows;
    try (Trained all = Training.of(Samples.of(inputs, labels), settings).run()) {
      int found = 0;
      for (var suspect : all.scores().suspects()) {
        found += clouds.wrong(suspect.sample()) ? 1 : 0;
      }
      System.out.println("wrong labels found: " + found + " of 60");
      Check.that(found > 40, "wrong labels are suspected");
      rows = all.scores().keep(0.5); // of the trusted, of every hardness
    }
    float[][] half = Arrays.stream(rows).mapToObj(i -> inputs[i]).toArray(float[][]::new);
    int[] halfLabels = Arrays.stream(rows).map(i -> labels[i]).toArray();
    try (Trained pruned = Training.of(Samples.of(half, halfLabels), settings).run()) {
      float[][] unseen = new Clouds(900, 2).inputs();
      double accuracy = clouds.accuracy(pruned.model().predict(unseen));
      System.out.println("accuracy after half: " + accuracy);
      Check.that(accuracy > 0.95, "half of the samples teach as much");
    }
  }
}
