/**
 * Data sets in memory: {@link io.gradsieve.data.DataSource} opens what {@code --data} names, {@link
 * io.gradsieve.data.Dataset} holds it, {@link io.gradsieve.data.Split} parts it, {@link
 * io.gradsieve.data.BatchLoader} feeds it to a device. Uses {@code format}; never knows networks,
 * backends or the sieve. Read {@link io.gradsieve.data.Dataset} first.
 */
@Internal
@NullMarked
package io.gradsieve.data;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
