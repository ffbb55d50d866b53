package io.gradsieve.train;

import io.gradsieve.GradsieveException;
import io.gradsieve.Internal;
import io.gradsieve.data.Dataset;
import java.util.Optional;

/** Learns from scores which rank a sample never scored would have. */
@Internal
public interface RankTeacher {
  /**
   * Learns from scored samples; empty if asked to stop before the end.
   *
   * @param samples positions in the data set, in random order, one at least
   * @param scores finite, one a sample
   * @param workers of which this one learns, alone, while the others wait
   * @throws GradsieveException.Diverged if the training does, or what it predicts
   */
  Optional<RankModel> learn(Dataset data, int[] samples, float[] scores, Workers workers);

  /** What another worker has learned, from the bytes that {@link RankModel#write} made of it. */
  RankModel read(byte[] written);
}
