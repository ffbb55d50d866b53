package io.gradsieve.sieve;

/** A step of one sample. */
public record Measured(
    float loss,
    float crossEntropy,
    float el2n,
    float margin,
    float gradNorm,
    int predicted,
    boolean right)
    implements StepScores {

  /** Every score the same, right and sure if so said. */
  public static Measured of(float score, boolean right, float confidence) {
    float crossEntropy = (float) -Math.log(Math.max(confidence, Float.MIN_VALUE));
    return new Measured(score, crossEntropy, score, score, score, 0, right);
  }

  /** A plain cross-entropy, of a sample that is right or not. */
  static Measured ofLabel(double crossEntropy, boolean right) {
    return new Measured(0, (float) crossEntropy, 0, 0, 0, 0, right);
  }

  /** Records it. */
  public void in(ScoreTable table, int sample, int epoch) {
    table.record(epoch, new int[] {sample}, 0, 1, this, true);
  }

  @Override
  public float loss(int i) {
    return loss;
  }

  @Override
  public float crossEntropy(int i) {
    return crossEntropy;
  }

  @Override
  public float el2n(int i) {
    return el2n;
  }

  @Override
  public float margin(int i) {
    return margin;
  }

  @Override
  public float gradNorm(int i) {
    return gradNorm;
  }

  @Override
  public int predicted(int i) {
    return predicted;
  }

  @Override
  public boolean right(int i) {
    return right;
  }

  @Override
  public float weight(int i) {
    return 1;
  }
}
