/**
 * The rendezvous on real sockets: {@link io.gradsieve.dist.control.RendezvousServer} is the server
 * of a job, {@link io.gradsieve.dist.control.Membership} one worker's connection to it, {@link
 * io.gradsieve.dist.control.Protection} what both prove themselves with. Netty moves the bytes;
 * what they mean is decided in {@code dist.handshake} and {@code dist.rendezvous}, which this
 * package drives with clocks, nonces and addresses. Uses those two and the root only; never decides
 * a rank, a verdict or a refusal of its own but that of a worker whose addresses don't answer. Read
 * {@link io.gradsieve.dist.control.RendezvousServer} first.
 */
@Internal
@NullMarked
package io.gradsieve.dist.control;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
