/**
 * IDX files (MNIST's format): headers of unsigned-byte arrays. Uses {@code format}; never
 * interprets labels or pixels. Read {@link io.gradsieve.format.idx.IdxHeader} first.
 */
@Internal
@NullMarked
package io.gradsieve.format.idx;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
