/**
 * Training by many workers: {@link io.gradsieve.dist.Collective} is what they do together, {@link
 * io.gradsieve.dist.GradientBuckets} what a step needs of it; {@code dist.ring} and {@code
 * dist.memory} carry it, {@code dist.rendezvous} says who they are and who of them is lost. Uses
 * {@code backend}, {@code plan} and {@code natives}; never opens a file of a run. Read {@link
 * io.gradsieve.dist.Collective} first.
 */
@Internal
@NullMarked
package io.gradsieve.dist;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
