/**
 * The command line: reads arguments, calls one method of {@code train}, {@code train.scoring} or
 * {@code diagnose}, prints what it returns. May use all packages; is the only one that prints, and
 * never computes what it shows. Read {@link io.gradsieve.cli.CommandTable} first.
 */
@NullMarked
package io.gradsieve.cli;

import org.jspecify.annotations.NullMarked;
