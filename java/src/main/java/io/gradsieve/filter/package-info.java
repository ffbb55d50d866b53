/**
 * The filter: a small network that predicts from a sample's inputs which rank its score has, and so
 * filters data that was never scored. It is an ordinary classifier, of quantile bins of ranks,
 * trained by the engine itself. Uses {@code train} and what that may use; never looks at a label,
 * nor changes a score. Read {@link io.gradsieve.filter.LearnedFilter} first, then {@link
 * io.gradsieve.filter.FilterTraining}.
 */
@Internal
@NullMarked
package io.gradsieve.filter;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
