/**
 * Optimizers as options: {@link io.gradsieve.optim.OptimizerConfig} makes the {@link
 * io.gradsieve.plan.UpdateRule} a backend runs. May use {@code plan} and the root. Never touches a
 * weight itself. Read {@link io.gradsieve.optim.OptimizerConfig} first.
 */
@Internal
@NullMarked
package io.gradsieve.optim;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
