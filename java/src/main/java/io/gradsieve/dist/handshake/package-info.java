/**
 * The authenticated beginning of every connection and the seal on the control frames that follow,
 * as state machines: bytes and the time go in, bytes and an {@link
 * io.gradsieve.dist.handshake.Outcome} come out. Also what guards a listener before anybody is
 * known: {@link io.gradsieve.dist.handshake.ConnectionLimits} and {@link
 * io.gradsieve.dist.handshake.CauseCounter}. docs/security.md draws the bytes and says what this
 * protects from. Uses the root only; never opens a socket, asks a clock, draws a nonce or logs.
 * Read {@link io.gradsieve.dist.handshake.ServerHandshake} first.
 */
@Internal
@NullMarked
package io.gradsieve.dist.handshake;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
