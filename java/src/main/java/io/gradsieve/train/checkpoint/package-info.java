/**
 * Files that survive a crash: {@link io.gradsieve.train.checkpoint.DurableFiles} writes them,
 * {@link io.gradsieve.train.checkpoint.CheckpointStore} keeps the newest good checkpoints of a run.
 * Uses the root package only; never knows what the bytes mean. Read {@link
 * io.gradsieve.train.checkpoint.CheckpointStore} first.
 */
@NullMarked
package io.gradsieve.train.checkpoint;

import org.jspecify.annotations.NullMarked;
