/**
 * The heart: what is known of every sample ({@link io.gradsieve.sieve.ScoreTable}, by {@link
 * io.gradsieve.sieve.Score}), the schema of every scores file ({@link
 * io.gradsieve.sieve.ScoreColumns}), and what an epoch trains on ({@link
 * io.gradsieve.sieve.EpochPlan}). May use the root only. Never does I/O, reads a clock or talks to
 * other processes: pure functions of the table and a context. Read {@link
 * io.gradsieve.sieve.EpochPlan} first.
 */
@NullMarked
package io.gradsieve.sieve;

import org.jspecify.annotations.NullMarked;
