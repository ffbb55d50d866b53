/**
 * Training: {@link io.gradsieve.train.TrainingRun} opens what a run needs, {@link
 * io.gradsieve.train.Trainer} runs the loop, {@link io.gradsieve.train.TrainingListener} describes
 * it, {@link io.gradsieve.config.TrainingConfig} holds every value. Used by {@code scoring}, {@code
 * landscape} and the commands, none of which it may use; never prints to the process's own streams.
 * Read {@link io.gradsieve.train.TrainingListener} first.
 */
@NullMarked
package io.gradsieve.train;

import org.jspecify.annotations.NullMarked;
