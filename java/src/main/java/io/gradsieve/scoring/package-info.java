/**
 * What is done with a trained network on new data: score, evaluate, predict, prune, export; {@code
 * score} may train networks of its own. Uses {@code run} and what that may use; never changes a
 * weight that it was given. Read {@link io.gradsieve.scoring.ScoringSession} first.
 */
@Internal
@NullMarked
package io.gradsieve.scoring;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
