/**
 * What one training step does, as data: {@link io.gradsieve.plan.StepPlan} with its segments and
 * places in memory, and the rule that changes the weights. Uses {@code graph} only; never computes
 * on samples and knows no device. Read {@link io.gradsieve.plan.StepPlan} first.
 */
@Internal
@NullMarked
package io.gradsieve.plan;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
