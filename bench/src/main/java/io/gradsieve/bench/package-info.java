/**
 * JMH benchmarks: single kernels through the Java binding, and whole steps of the built-in models,
 * with norms on and off. May use everything; nothing uses it, and it never runs in the build. Run
 * {@code java -jar bench/target/benchmarks.jar}; read {@link io.gradsieve.bench.Conv2dBenchmark}
 * first.
 */
@NullMarked
package io.gradsieve.bench;

import org.jspecify.annotations.NullMarked;
