/**
 * JMH benchmarks: every kernel through the Java binding at the shapes of the built-in models, and
 * whole steps of these, with norms on and off. May use everything; nothing uses it, and it never
 * runs in the build. Run {@code java -jar bench/target/benchmarks.jar}; read {@link
 * io.gradsieve.bench.KernelBenchmark} first.
 */
@NullMarked
package io.gradsieve.bench;

import org.jspecify.annotations.NullMarked;
