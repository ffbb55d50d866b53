/**
 * One reader for each layout of a data set: IDX and CIFAR directories, image folders, npz, CSV, the
 * embedded digits. Uses {@code data} and {@code format}; never lets an exception other than
 * GradsieveException out for any bytes. Read {@link io.gradsieve.data.reader.Readers} first.
 */
@Internal
@NullMarked
package io.gradsieve.data.reader;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
