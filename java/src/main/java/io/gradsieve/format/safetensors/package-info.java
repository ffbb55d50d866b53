/**
 * Safetensors files, read strictly and written byte for byte the same. Uses the root package and
 * Jackson's parser; never knows what a tensor means. Read {@link
 * io.gradsieve.format.safetensors.SafeTensors} first.
 */
@Internal
@NullMarked
package io.gradsieve.format.safetensors;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
