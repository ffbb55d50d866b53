/**
 * Random changes of a sample on its way into a batch. Uses only the root package; never changes the
 * data set. Read {@link io.gradsieve.data.augment.Augment} first.
 */
@Internal
@NullMarked
package io.gradsieve.data.augment;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
