/**
 * A training with all that belongs to it: {@link io.gradsieve.run.TrainingRun} prepares data and
 * model, opens the run's directory, lets {@code train} train and {@code filter} teach, and tells
 * people. {@link io.gradsieve.run.RunDirectory} names the files, {@code Checkpoints} says what a
 * checkpoint holds, each file's bytes are specified on its class. Used by {@code scoring}, {@code
 * landscape} and the commands, none of which it may use; never deletes what it did not write. Read
 * {@link io.gradsieve.run.TrainingRun} first.
 */
@Internal
@NullMarked
package io.gradsieve.run;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
