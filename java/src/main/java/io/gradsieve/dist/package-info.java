/**
 * Training by many workers: {@link io.gradsieve.dist.Collective} is what they do together. Uses
 * {@code backend} and {@code plan}; never opens a file of a run. Read {@link
 * io.gradsieve.dist.Collective} first.
 */
@NullMarked
package io.gradsieve.dist;

import org.jspecify.annotations.NullMarked;
