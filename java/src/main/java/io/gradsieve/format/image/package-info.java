/**
 * PNG and JPEG to bytes [H][W][C]. Uses only the root package; never walks directories. Read {@link
 * io.gradsieve.format.image.ImageDecoder} first.
 */
@NullMarked
package io.gradsieve.format.image;

import org.jspecify.annotations.NullMarked;
