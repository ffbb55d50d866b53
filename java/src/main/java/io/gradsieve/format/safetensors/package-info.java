/**
 * Safetensors files, read strictly and written byte for byte the same. Uses the root package and
 * Jackson's parser; never knows what a tensor means. Read {@link
 * io.gradsieve.format.safetensors.SafeTensors} first.
 */
@NullMarked
package io.gradsieve.format.safetensors;

import org.jspecify.annotations.NullMarked;
