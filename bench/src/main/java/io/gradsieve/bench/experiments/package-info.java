/**
 * Experiments on the sieve: grids of whole trainings, one JSON file a run, and the tables made of
 * them. Read {@link io.gradsieve.bench.experiments.Experiments} first.
 */
@NullMarked
package io.gradsieve.bench.experiments;

import org.jspecify.annotations.NullMarked;
