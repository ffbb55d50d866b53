/**
 * The collective of a cluster's MPI: {@link io.gradsieve.dist.mpi.MpiCollective}. Uses the parent
 * package and {@code natives}; never starts or restarts a process, which is the business of MPI's
 * own launcher. Read {@link io.gradsieve.dist.mpi.MpiCollective} first.
 */
@NullMarked
package io.gradsieve.dist.mpi;

import org.jspecify.annotations.NullMarked;
