/**
 * Devices: a {@link io.gradsieve.backend.Backend} compiles a plan into a {@link
 * io.gradsieve.backend.CompiledStep} and owns memory and its layout. Uses {@code graph}, {@code
 * compile}, {@code plan}, {@code natives} and, of {@code data}, where samples lie and how they are
 * augmented; never knows layers or the sieve. Read {@link io.gradsieve.backend.CompiledStep} first.
 */
@Internal
@NullMarked
package io.gradsieve.backend;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
