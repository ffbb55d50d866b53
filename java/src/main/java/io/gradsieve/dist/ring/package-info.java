/**
 * The collectives that need nothing but sockets: {@link io.gradsieve.dist.ring.Ring} over two
 * connections, and {@link io.gradsieve.dist.ring.RingDoor}, which makes them in each generation.
 * Uses the parent package, {@code natives}, {@code handshake}, {@code cluster}'s addresses and
 * {@code rendezvous}'s places; never decides who is to blame. Read {@link
 * io.gradsieve.dist.ring.Ring} first.
 */
@Internal
@NullMarked
package io.gradsieve.dist.ring;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
