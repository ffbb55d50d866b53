/**
 * Collectives between local processes, beside what their connections can carry; jobs beside one
 * process, and under attack. May use the engine; nothing uses it, and it never runs in the build.
 * Read {@link io.gradsieve.bench.dist.AllReduce} first.
 */
@NullMarked
package io.gradsieve.bench.dist;

import org.jspecify.annotations.NullMarked;
