/**
 * The CPU as a device: {@link io.gradsieve.backend.cpu.CpuBackend} owns native memory, {@code
 * CpuLayout} says how values and weights lie there, {@code CpuPlan} hands a plan to the native
 * executor, operation by operation, and {@code CpuStep} then makes one call per segment and pass.
 * Uses what {@code backend} may; never computes on samples itself. Read {@link
 * io.gradsieve.backend.cpu.CpuBackend} first.
 */
@Internal
@NullMarked
package io.gradsieve.backend.cpu;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
