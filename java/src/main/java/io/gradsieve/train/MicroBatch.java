package io.gradsieve.train;

/**
 * A part of a step that memory holds, mostly the whole of it.
 *
 * @param number of the epoch's, from 0
 * @param step which step of the epoch it belongs to, from 0
 * @param from its first sample, counted over the epoch's plan
 * @param to the sample after its last
 * @param backward how many of its samples go backward
 * @param backwardOfClass how many of each class, where that is laid down; else empty
 * @param backwardOfStep b, how many samples of the whole step go backward, over all workers
 * @param first whether it begins its step
 * @param last whether it ends its step
 * @param done samples of all workers that are through when it is, counted over the plan
 */
record MicroBatch(
    int number,
    int step,
    int from,
    int to,
    int backward,
    int[] backwardOfClass,
    int backwardOfStep,
    boolean first,
    boolean last,
    int done) {
  int size() {
    return to - from;
  }

  /** The same part, of which others go backward. */
  MicroBatch choosing(int count, int[] ofClass) {
    return new MicroBatch(
        number, step, from, to, count, ofClass.clone(), backwardOfStep, first, last, done);
  }

  /** The same part where others of its step come before or after it. */
  MicroBatch among(boolean isFirst, boolean isLast) {
    return new MicroBatch(
        number, step, from, to, backward, backwardOfClass, backwardOfStep, isFirst, isLast, done);
  }

  /** The same part of a step of which so many go backward. */
  MicroBatch ofStep(int sum) {
    return new MicroBatch(
        number, step, from, to, backward, backwardOfClass, sum, first, last, done);
  }
}
