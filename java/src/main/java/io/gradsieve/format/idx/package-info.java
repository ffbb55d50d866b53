/**
 * IDX files (MNIST's format): headers of unsigned-byte arrays. Uses {@code format}; never
 * interprets labels or pixels. Read {@link io.gradsieve.format.idx.IdxHeader} first.
 */
@NullMarked
package io.gradsieve.format.idx;

import org.jspecify.annotations.NullMarked;
