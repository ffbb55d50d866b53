/**
 * The collectives that need nothing but sockets: {@link io.gradsieve.dist.ring.Ring}. Uses the
 * parent package and {@code natives}; opens no connection, never decides who is to blame. Read
 * {@link io.gradsieve.dist.ring.Ring} first.
 */
@NullMarked
package io.gradsieve.dist.ring;

import org.jspecify.annotations.NullMarked;
