/**
 * What is done with a trained network on new data: score, evaluate, predict, prune, export; {@code
 * score} may train networks of its own. May use what {@code train} may; never changes a weight that
 * it was given. Read {@link io.gradsieve.train.scoring.ScoringSession} first.
 */
@NullMarked
package io.gradsieve.train.scoring;

import org.jspecify.annotations.NullMarked;
