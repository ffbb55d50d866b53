/**
 * The engine's side of {@code bench/gpu}: windows of training that a program beside it asks for,
 * and small parts of data sets for a machine that has none. May use the engine; nothing uses it,
 * and it never runs in the build. Read {@link io.gradsieve.bench.gpu.StepWindows} first.
 */
@NullMarked
package io.gradsieve.bench.gpu;

import org.jspecify.annotations.NullMarked;
