/**
 * What one training step does, as data: {@link io.gradsieve.plan.StepPlan} with its segments, and
 * the memory they use. Uses the root package only; never computes on samples and knows no device.
 * Read {@link io.gradsieve.plan.StepPlan} first.
 */
@NullMarked
package io.gradsieve.plan;

import org.jspecify.annotations.NullMarked;
