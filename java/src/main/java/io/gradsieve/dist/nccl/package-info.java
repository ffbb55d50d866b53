/**
 * Gradients added up by NCCL, on GPUs: {@link io.gradsieve.dist.nccl.NcclCommunicator} holds the
 * order of calls that a peer's loss cannot hang, {@link io.gradsieve.dist.nccl.NcclParticipants} is
 * what a step needs of it. Uses {@code backend}, {@code natives} and {@code dist}; never waits
 * without a deadline, and never for a stream. Read {@link io.gradsieve.dist.nccl.NcclCommunicator}
 * first.
 */
@Internal
@NullMarked
package io.gradsieve.dist.nccl;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
