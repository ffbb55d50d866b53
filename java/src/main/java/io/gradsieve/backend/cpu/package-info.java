/**
 * The CPU as a device: {@link io.gradsieve.backend.cpu.CpuBackend} owns native memory, {@code
 * CpuStep} hands a plan to the native executor, operation by operation, and then makes one call per
 * segment and pass. Uses {@code plan}, {@code natives} and {@code backend}; never computes on
 * samples itself. Read {@link io.gradsieve.backend.cpu.CpuBackend} first.
 */
@NullMarked
package io.gradsieve.backend.cpu;

import org.jspecify.annotations.NullMarked;
