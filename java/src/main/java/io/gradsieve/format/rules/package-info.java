/**
 * The rules by which a file's values become a network's inputs, as both a data set and a {@code
 * model.yaml} state them. Values that may use nothing else of ours; never read nor written here.
 * Read {@link io.gradsieve.format.rules.Normalization} first.
 */
@Internal
@NullMarked
package io.gradsieve.format.rules;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
