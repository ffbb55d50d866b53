package io.gradsieve.train;

/** The step that the loop has just ended. */
final class LastStep implements StepValues {
  private final TrainingState state;
  private long number;

  LastStep(TrainingState state) {
    this.state = state;
  }

  void setNumber(long number) {
    this.number = number;
  }

  @Override
  public long number() {
    return number;
  }

  @Override
  public int epoch() {
    return state.epoch();
  }

  @Override
  public int step() {
    return state.step();
  }

  @Override
  public int steps() {
    return state.plan().steps();
  }

  @Override
  public int samples() {
    return state.plan().batchSizes()[state.step() - 1];
  }

  @Override
  public long done() {
    return state.done();
  }

  @Override
  public long kept() {
    return state.account().kept();
  }

  @Override
  public double meanLoss() {
    return state.account().meanLoss();
  }

  @Override
  public double accuracy() {
    return state.account().accuracy();
  }

  @Override
  public double learningRate() {
    return state.account().learningRate();
  }

  @Override
  public double seconds() {
    return state.account().seconds();
  }

  @Override
  public double secondsLeft() {
    return state.secondsLeft();
  }
}
