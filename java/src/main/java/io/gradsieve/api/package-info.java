/**
 * What a program links: {@link io.gradsieve.api.Training} trains on arrays or files, {@link
 * io.gradsieve.api.Trained} is what came of it, {@link io.gradsieve.api.Model} predicts and scores,
 * {@link io.gradsieve.api.Scores} says which samples matter and which labels are suspected, {@link
 * io.gradsieve.api.Sieve} plans the epochs of a loop that is not ours. Together with the listeners
 * and events of {@code train}, the plan and scores of {@code sieve} and the policies it is all that
 * is promised; every other package is {@link io.gradsieve.Internal}. May use all below {@code cli};
 * never prints, never writes a file that was not asked for. Read {@link io.gradsieve.api.Training}
 * first.
 */
@NullMarked
package io.gradsieve.api;

import org.jspecify.annotations.NullMarked;
