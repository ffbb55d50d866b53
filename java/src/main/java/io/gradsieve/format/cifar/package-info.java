/**
 * CIFAR-10's binary records. Uses {@code format}; never checks label ranges. Read {@link
 * io.gradsieve.format.cifar.CifarRecords} first.
 */
@Internal
@NullMarked
package io.gradsieve.format.cifar;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
