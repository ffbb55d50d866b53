/**
 * CIFAR-10's binary records. Uses {@code format}; never checks label ranges. Read {@link
 * io.gradsieve.format.cifar.CifarRecords} first.
 */
@NullMarked
package io.gradsieve.format.cifar;

import org.jspecify.annotations.NullMarked;
