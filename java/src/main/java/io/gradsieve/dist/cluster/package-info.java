/**
 * One's place among the workers, read from the variables a launcher sets: {@link
 * io.gradsieve.dist.cluster.Launchers} asks the known launchers in order, the first that is there
 * says the {@link io.gradsieve.dist.cluster.Place}. docs/launchers.md has the table. Uses the root
 * only; never resolves a name, opens a socket or reads the process's own environment, which is a
 * parameter. Read {@link io.gradsieve.dist.cluster.Launchers} first.
 */
@Internal
@NullMarked
package io.gradsieve.dist.cluster;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
