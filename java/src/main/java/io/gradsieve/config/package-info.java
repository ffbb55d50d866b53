/**
 * What can be asked for: {@link io.gradsieve.config.Options} declares every option once (name,
 * type, default, words), and the command line, {@code --config}, {@code --set}, {@code init} and
 * {@code config.yaml} all read that declaration, which also says what is read and what is written:
 * {@link io.gradsieve.config.Settings#protectInputs}. {@link io.gradsieve.config.TrainingConfig}
 * checks the values of a training against each other. Uses {@code format}, {@code data}, {@code
 * sieve}, {@code backend}, {@code nn} and {@code optim} for what a value may be and what it names;
 * never trains and knows no directory of a run. Read {@link io.gradsieve.config.Options} first.
 */
@Internal
@NullMarked
package io.gradsieve.config;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
