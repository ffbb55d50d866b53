package io.gradsieve.train;

import io.gradsieve.GradsieveException;
import io.gradsieve.Internal;
import io.gradsieve.data.Dataset;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/** What a {@link RankTeacher} has learned. */
@Internal
public interface RankModel extends AutoCloseable {
  /**
   * The predicted rank of each sample, in (0, 1); those that were not reached before a stop have 0.
   *
   * @param samples positions in the data set
   * @throws GradsieveException.Diverged if a result is not finite
   */
  float[] ranks(Dataset data, int[] samples, StopRequest stop);

  /**
   * Spearman's rank correlation with the scores of samples held out, in [-1, 1]; empty if those
   * were too few to say.
   */
  Optional<Double> correlation();

  /** Writes it to a stream, which stays open; the same model gives the same bytes. */
  void write(OutputStream out) throws IOException;

  @Override
  void close();
}
