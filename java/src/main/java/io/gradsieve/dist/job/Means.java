package io.gradsieve.dist.job;

import io.gradsieve.dist.CollectiveName;
import io.gradsieve.dist.Compression;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * How the workers of a job exchange.
 *
 * @param collective what was asked for
 * @param compression of gradients between hosts
 * @param gpu the GPU that this worker computes on, if it does
 * @param halt told in one line that a library does not come back, so that this process must end
 */
public record Means(
    CollectiveName collective, Compression compression, OptionalInt gpu, Consumer<String> halt) {}
