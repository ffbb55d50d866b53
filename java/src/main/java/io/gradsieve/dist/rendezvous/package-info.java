/**
 * How workers find each other, agree on ranks and learn who is lost: {@link
 * io.gradsieve.dist.rendezvous.Message} and its bytes ({@link
 * io.gradsieve.dist.rendezvous.MessageCodec}), the server ({@link
 * io.gradsieve.dist.rendezvous.Coordinator}) and the client ({@link
 * io.gradsieve.dist.rendezvous.Member}). Both are pure: time and messages come in, actions go out,
 * so that a whole cluster runs in one thread from one seed. Uses the root package only; never opens
 * a socket, reads a clock or starts a thread. {@code docs/rendezvous.md} has the bytes, deadlines
 * and transitions. Read {@link io.gradsieve.dist.rendezvous.Coordinator} first.
 */
@Internal
@NullMarked
package io.gradsieve.dist.rendezvous;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
