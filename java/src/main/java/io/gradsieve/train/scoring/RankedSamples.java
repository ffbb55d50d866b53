package io.gradsieve.train.scoring;

/**
 * The training samples that {@code prune} chooses among.
 *
 * @param indices position of each sample in the original file, [N]
 * @param scores what to rank by, [N]; zero if no score was asked for
 * @param classes number of each sample's class, [N]; zero if classes were not asked for
 */
record RankedSamples(long[] indices, double[] scores, int[] classes) {}
