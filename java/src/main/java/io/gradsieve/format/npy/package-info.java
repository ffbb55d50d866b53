/**
 * NumPy's {@code .npy} and {@code .npz}. Uses {@code format} and {@code format.zip}; never knows
 * which array is the input and which the label. Read {@link io.gradsieve.format.npy.NpyHeader}
 * first.
 */
@Internal
@NullMarked
package io.gradsieve.format.npy;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
