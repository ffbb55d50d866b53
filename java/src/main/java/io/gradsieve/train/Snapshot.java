package io.gradsieve.train;

import io.gradsieve.Internal;
import io.gradsieve.nn.Network;
import io.gradsieve.nn.NetworkSpec;
import io.gradsieve.nn.OptimizerState;
import java.io.IOException;
import java.io.OutputStream;

/** A run at rest, to be read; valid until the call that it was given to returns. */
@Internal
public final class Snapshot {
  private final TrainingSession session;
  private final Position position;

  Snapshot(TrainingSession session, Position position) {
    this.session = session;
    this.position = position;
  }

  /** Where the run stands. */
  public Position position() {
    return position;
  }

  /** What it trains on. */
  public TrainingData data() {
    return session.data();
  }

  /** What it trains. */
  public NetworkSpec network() {
    return session.network().spec();
  }

  /** Weights, running statistics and counters, as {@link io.gradsieve.nn.Network#save}. */
  public void writeWeights(OutputStream out) throws IOException {
    session.network().save(out);
  }

  /** Gives another network of the same kind, on whatever device, these weights. */
  public void copyTo(Network network) {
    network.parameters().copy(session.network().parameters());
  }

  /** What the optimizer keeps of every parameter, as {@link OptimizerState}. */
  public void writeOptimizer(OutputStream out) throws IOException {
    OptimizerState.save(out, session.step().optimizerState());
  }
}
