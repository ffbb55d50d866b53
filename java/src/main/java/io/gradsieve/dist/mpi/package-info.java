/**
 * The collective of a cluster's MPI: {@link io.gradsieve.dist.mpi.MpiCollective}. Uses the parent
 * package and {@code natives}; never starts or restarts a process, which is the business of MPI's
 * own launcher. Read {@link io.gradsieve.dist.mpi.MpiCollective} first.
 */
@Internal
@NullMarked
package io.gradsieve.dist.mpi;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
