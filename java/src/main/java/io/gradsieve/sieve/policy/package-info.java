/**
 * The policies: each maps a table of scores to who is kept, with which weight. To add one: write
 * one file that implements {@link io.gradsieve.sieve.policy.SievePolicy}, add one line to {@link
 * io.gradsieve.sieve.policy.Policies}, write one card in docs/policies. May use {@code sieve} and
 * the root. Never does I/O, never keeps state between epochs: what a policy needs to remember is in
 * the table, so that a resumed run plans the same. Read {@link
 * io.gradsieve.sieve.policy.SievePolicy} first.
 */
@Internal
@NullMarked
package io.gradsieve.sieve.policy;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
