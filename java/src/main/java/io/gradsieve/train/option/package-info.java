/**
 * What can be asked for: {@link io.gradsieve.train.option.Options} declares every option once
 * (name, type, default, words), and the command line, {@code --config}, {@code --set}, {@code init}
 * and {@code config.yaml} all read that declaration. Uses the root package only; never acts on a
 * value. Read {@link io.gradsieve.train.option.Options} first.
 */
@NullMarked
package io.gradsieve.train.option;

import org.jspecify.annotations.NullMarked;
