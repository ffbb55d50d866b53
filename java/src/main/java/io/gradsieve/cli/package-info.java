/**
 * The command line: reads arguments, calls one method of {@code train}, {@code train.scoring} or
 * {@code diagnose}, prints what it returns. May use all packages; holds no logic of its own, and is
 * the only one that prints. Read {@link io.gradsieve.cli.CommandTable} first.
 */
@NullMarked
package io.gradsieve.cli;

import org.jspecify.annotations.NullMarked;
