package io.gradsieve.api;

import io.gradsieve.sieve.StepScores;

/**
 * What a loop that is not ours measured of a step, where ours has its losses.
 *
 * @param weights of all samples in the plan, [N]
 */
record LoopScores(
    int[] ids, float[] scores, boolean[] judgements, float[] confidence, float[] weights)
    implements StepScores {
  @Override
  public float loss(int i) {
    return scores[i];
  }

  @Override
  public float crossEntropy(int i) {
    return (float) -Math.log(Math.max(confidence[i], Float.MIN_NORMAL));
  }

  @Override
  public float el2n(int i) {
    return 0;
  }

  @Override
  public float margin(int i) {
    return 0;
  }

  @Override
  public float gradNorm(int i) {
    return 0;
  }

  @Override
  public int predicted(int i) {
    return 0;
  }

  @Override
  public boolean right(int i) {
    return judgements[i];
  }

  @Override
  public float weight(int i) {
    return weights[ids[i]];
  }
}
