/**
 * The loss around trained weights: surfaces along filter-normalised random directions, and the
 * spectrum and trace of the Hessian. Uses {@code algebra}, {@code scoring} and what that may use;
 * never leaves a weight changed, nor deletes a file. Read {@link io.gradsieve.landscape.Landscape}
 * first.
 */
@Internal
@NullMarked
package io.gradsieve.landscape;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
