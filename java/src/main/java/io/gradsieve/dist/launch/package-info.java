/**
 * The processes of a job on this host: {@link io.gradsieve.dist.launch.Launch} starts the workers,
 * restarts those that fail by the rules of {@link io.gradsieve.dist.launch.Supervisor}, passes on
 * what they print and hosts the rendezvous server; {@link io.gradsieve.dist.launch.ServerProcess}
 * starts that server where no launch did; {@link io.gradsieve.dist.launch.ParentWatch} is the
 * worker's side. Uses {@code dist.control}, {@code dist.cluster}, {@code dist.handshake} and {@code
 * dist.rendezvous}; never trains and reads no option. Read {@link io.gradsieve.dist.launch.Launch}
 * first.
 */
@Internal
@NullMarked
package io.gradsieve.dist.launch;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
