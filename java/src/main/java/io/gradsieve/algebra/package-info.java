/**
 * Dense linear algebra outside the step, by OpenBLAS, which is loaded when it is first used. Uses
 * {@code natives}; never knows what a matrix is of, and training and scoring never use it. Read
 * {@link io.gradsieve.algebra.Lapack} first.
 */
@Internal
@NullMarked
package io.gradsieve.algebra;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
