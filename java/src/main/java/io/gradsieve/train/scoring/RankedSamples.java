package io.gradsieve.train.scoring;

import io.gradsieve.data.Schema;
import java.util.Optional;

/**
 * The training samples that {@code prune} chooses among.
 *
 * @param indices position of each sample in the original file, [N]
 * @param scores what to rank by, [N]; zero if no score was asked for
 * @param classes number of each sample's class, [N]; zero if classes were not asked for
 * @param rules those of the filter that ranked the data; empty: a scores file did
 */
record RankedSamples(long[] indices, double[] scores, int[] classes, Optional<Schema> rules) {}
