/**
 * The root every other package may use: {@link io.gradsieve.GradsieveException}, one kind an exit
 * code, and {@link io.gradsieve.RandomBits}, the only source of randomness. Uses nothing of ours;
 * never does I/O. Read {@link io.gradsieve.GradsieveException} first.
 */
@NullMarked
package io.gradsieve;

import org.jspecify.annotations.NullMarked;
