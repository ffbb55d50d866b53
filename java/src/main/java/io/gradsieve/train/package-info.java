/**
 * Training: {@link io.gradsieve.train.TrainingSession} opens data, network and step, {@link
 * io.gradsieve.train.Trainer} is the loop, and {@code TrainingState} where it stands, which the
 * loop alone writes. {@link io.gradsieve.train.TrainingListener}s follow it by events, {@link
 * io.gradsieve.train.Recorder}s keep what must not be lost. Uses all that computes and {@code
 * config}; knows no file of a run, and never prints. Read {@link
 * io.gradsieve.train.TrainingListener} first, then {@link io.gradsieve.train.Trainer}.
 */
@NullMarked
package io.gradsieve.train;

import org.jspecify.annotations.NullMarked;
