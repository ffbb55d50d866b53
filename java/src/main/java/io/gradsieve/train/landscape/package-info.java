/**
 * The loss around trained weights: surfaces along filter-normalised random directions, and the
 * sharpness of the Hessian. May use what {@code train} may; never leaves a weight changed, nor
 * deletes a file. Read {@link io.gradsieve.train.landscape.Landscape} first.
 */
@NullMarked
package io.gradsieve.train.landscape;

import org.jspecify.annotations.NullMarked;
