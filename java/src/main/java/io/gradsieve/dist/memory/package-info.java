/**
 * The collective of workers on one host, who sum in each other's memory: {@link
 * io.gradsieve.dist.memory.HostMemory}. Uses the parent package, {@code dist.ring}, {@code backend}
 * and {@code natives}; never waits but through the ring. Read {@link
 * io.gradsieve.dist.memory.HostMemory} first.
 */
@Internal
@NullMarked
package io.gradsieve.dist.memory;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
