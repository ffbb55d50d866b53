/**
 * Experiments on the sieve: grids of whole trainings, one JSON file a run, and the tables made of
 * them. May use the engine; nothing uses it, and it never runs in the build. Run {@code
 * bench/experiments/run}; read {@link io.gradsieve.bench.experiments.Experiments} first.
 */
@NullMarked
package io.gradsieve.bench.experiments;

import org.jspecify.annotations.NullMarked;
