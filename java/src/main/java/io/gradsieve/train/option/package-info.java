/**
 * What can be asked for: {@link io.gradsieve.train.option.Options} declares every option once
 * (name, type, default, words), and the command line, {@code --config}, {@code --set}, {@code init}
 * and {@code config.yaml} all read that declaration, which also says what is read and what is
 * written: {@link io.gradsieve.train.option.Settings#protectInputs}. Uses {@code format}, {@code
 * data} and {@code sieve} for what a value may be and what it names; never acts on a value. Read
 * {@link io.gradsieve.train.option.Options} first.
 */
@NullMarked
package io.gradsieve.train.option;

import org.jspecify.annotations.NullMarked;
