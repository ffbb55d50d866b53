/**
 * The filter: a small network that predicts from a sample's inputs which rank its score has, and so
 * filters data that was never scored. It is an ordinary classifier, of quantile bins of ranks,
 * trained by the engine itself. May use what {@code train} may; never looks at a label, nor changes
 * a score. Read {@link io.gradsieve.train.learned.LearnedFilter} first, then {@link
 * io.gradsieve.train.learned.FilterTraining}.
 */
@NullMarked
package io.gradsieve.train.learned;

import org.jspecify.annotations.NullMarked;
