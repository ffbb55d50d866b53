/**
 * Codecs, one package each: bytes of a file to numbers and back; and {@code format.rules}, what
 * files say of how values become inputs. This package itself holds what they share: {@link
 * io.gradsieve.format.ByteSource}, a named stream whose every failure is one line, and {@link
 * io.gradsieve.format.FileNames}, through which every name of a file comes. Uses only the root
 * package; never knows data sets, networks or options. Read {@link io.gradsieve.format.ByteSource}
 * first.
 */
@Internal
@NullMarked
package io.gradsieve.format;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
