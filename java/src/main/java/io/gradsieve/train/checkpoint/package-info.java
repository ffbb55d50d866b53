/**
 * Checkpoints that survive a crash: {@link io.gradsieve.train.checkpoint.CheckpointStore} keeps the
 * newest good ones of a run. Uses {@code format}; never knows what the bytes mean. Read {@link
 * io.gradsieve.train.checkpoint.CheckpointStore} first.
 */
@NullMarked
package io.gradsieve.train.checkpoint;

import org.jspecify.annotations.NullMarked;
