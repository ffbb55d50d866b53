/**
 * The command line: reads arguments, calls one method of {@code run}, {@code scoring}, {@code
 * landscape} or {@code diagnose}, prints what it returns. May use all packages; is the only one
 * that prints, and never computes what it shows. Its options are {@code config}'s. Read {@link
 * io.gradsieve.cli.CommandTable} first.
 */
@Internal
@NullMarked
package io.gradsieve.cli;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
