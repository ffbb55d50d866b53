/**
 * Files that are whole or not there, whatever stops the machine: {@link
 * io.gradsieve.format.files.DurableFiles} writes and renames them, {@link
 * io.gradsieve.format.files.Manifest} lists those of a directory, {@link
 * io.gradsieve.format.files.OutputFile} is the one that a command leaves. Uses {@code format};
 * never knows what the bytes mean. Read {@link io.gradsieve.format.files.DurableFiles} first.
 */
@Internal
@NullMarked
package io.gradsieve.format.files;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
