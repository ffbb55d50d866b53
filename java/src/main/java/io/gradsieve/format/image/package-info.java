/**
 * PNG and JPEG to bytes [H][W][C]. Uses only the root package; never walks directories. Read {@link
 * io.gradsieve.format.image.ImageDecoder} first.
 */
@Internal
@NullMarked
package io.gradsieve.format.image;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
