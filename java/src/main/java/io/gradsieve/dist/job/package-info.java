/**
 * A worker's way through its job: {@link io.gradsieve.dist.job.Job} joins and goes from one {@link
 * io.gradsieve.dist.job.Generation} to the next, each with a collective of its own. Uses {@code
 * dist.control} (the rendezvous), {@code dist.ring} and what they are made of; never knows what is
 * trained. Read {@link io.gradsieve.dist.job.Job} first.
 */
@Internal
@NullMarked
package io.gradsieve.dist.job;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
