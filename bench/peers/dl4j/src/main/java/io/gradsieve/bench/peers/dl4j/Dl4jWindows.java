package io.gradsieve.bench.peers.dl4j;

import io.gradsieve.bench.peers.FashionMnist;
import io.gradsieve.bench.peers.Windows;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Deeplearning4j's side: {@code MODEL BATCH}. Batches are shuffled and cut once and come again each
 * epoch, so that a step pays for no loading; workspaces hold its arrays, and no collection of
 * garbage is forced.
 */
final class Dl4jWindows {
  private Dl4jWindows() {}

  /** The training set in shuffled batches, standardised; a rest at its end is left out. */
  private static List<DataSet> batches(int batchSize, boolean flat) {
    FashionMnist data = FashionMnist.read();
    List<Integer> order = new ArrayList<>(IntStream.range(0, data.size()).boxed().toList());
    Collections.shuffle(order, new Random(1));
    List<DataSet> batches = new ArrayList<>();
    for (int from = 0; from + batchSize <= order.size(); from += batchSize) {
      float[] images = new float[batchSize * FashionMnist.PIXELS];
      INDArray labels = Nd4j.zeros(batchSize, FashionMnist.CLASSES);
      for (int b = 0; b < batchSize; b++) {
        int row = order.get(from + b);
        float[] image = data.standardised(row, row + 1);
        System.arraycopy(image, 0, images, b * FashionMnist.PIXELS, FashionMnist.PIXELS);
        labels.putScalar(b, data.labels()[row], 1);
      }
      INDArray rows = Nd4j.create(images, new long[] {batchSize, FashionMnist.PIXELS}, 'c');
      batches.add(new DataSet(flat ? rows : rows.reshape(batchSize, 1, 28, 28), labels));
    }
    return batches;
  }

  /** The mean loss alone: a score counts the penalty of the weights too. */
  private static double loss(ComputationGraph graph) {
    return graph.score() - graph.calcRegularizationScore(true);
  }

  public static void main(String[] arguments) {
    int batchSize = Integer.parseInt(arguments[1]);
    Nd4j.getMemoryManager().togglePeriodicGc(false);
    ComputationGraph graph = Dl4jModel.of(arguments[0]);
    List<DataSet> batches = batches(batchSize, Dl4jModel.isFlat(arguments[0]));
    Windows windows = new Windows();
    boolean asked = windows.open();
    for (int step = 0; asked; step++) {
      graph.fit(batches.get(step % batches.size()));
      asked = windows.stepDone(batchSize, () -> loss(graph));
    }
  }
}
