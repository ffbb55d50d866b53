package io.gradsieve.train.scoring;

import io.gradsieve.data.Dataset;
import java.util.Optional;

/**
 * The training samples that {@code prune} chooses among.
 *
 * @param indices position of each sample in the original file, [N]
 * @param scores what to rank by, [N]; zero if no score was asked for
 * @param classes number of each sample's class, [N]; zero if classes were not asked for
 * @param data that a filter read and ranked, with labels if classes were asked for; empty: a scores
 *     file ranks
 */
record RankedSamples(long[] indices, double[] scores, int[] classes, Optional<Dataset> data) {}
