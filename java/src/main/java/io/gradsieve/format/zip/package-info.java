/**
 * Zip archives read with limits and checked checksums. Uses {@code format}; never writes to disk.
 * Read {@link io.gradsieve.format.zip.ZipArchive} first.
 */
@Internal
@NullMarked
package io.gradsieve.format.zip;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
