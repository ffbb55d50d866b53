package io.gradsieve.train;

import io.gradsieve.sieve.ClassShares;
import io.gradsieve.sieve.EpochPlan;
import io.gradsieve.sieve.RankShare;
import java.nio.IntBuffer;
import java.util.Arrays;

/**
 * How many samples of each class the parts of an epoch's steps choose, where every class is to keep
 * the same share; each step chooses one at least.
 */
final class BalancedChoice {
  private final ClassShares shares;

  /** Chosen by the parts of a step so far. */
  private int ofStep;

  private BalancedChoice(ClassShares shares) {
    this.shares = shares;
  }

  /** Where the epoch in progress is: as if its steps before had been asked for. */
  static BalancedChoice of(TrainingState state, int partSize) {
    EpochPlan plan = state.plan();
    int[] classes = state.data().trainClasses();
    int[] labels = Arrays.stream(plan.order()).map(row -> classes[row]).toArray();
    int[] sizes = new int[state.data().dataset().classes().size()];
    for (int label : labels) {
      sizes[label]++;
    }
    BalancedChoice choice = new BalancedChoice(new ClassShares(plan.chosen(), sizes));
    int[] before = Arrays.copyOf(plan.batchSizes(), state.step());
    Parts parts = Parts.of(before, before, partSize, RankShare.WHOLE);
    IntBuffer left = IntBuffer.wrap(labels);
    for (Parts.Part part : parts.all()) {
      choice.next(left.slice(), part);
      left.position(left.position() + part.size());
    }
    return choice;
  }

  /**
   * The next part.
   *
   * @param labels class of each of its samples, and maybe more
   * @return how many of each class, one at least together in a step; valid until the next call
   */
  int[] next(IntBuffer labels, Parts.Part part) {
    ofStep = part.first() ? 0 : ofStep;
    int[] counts = shares.next(labels, part.size(), part.last() && ofStep == 0);
    ofStep += shares.sum();
    return counts;
  }

  /** How many the last part chooses, of all classes together. */
  int ofPart() {
    return shares.sum();
  }
}
