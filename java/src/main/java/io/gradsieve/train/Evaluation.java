package io.gradsieve.train;

/**
 * How a model does on a part of the data.
 *
 * @param loss mean cross-entropy, without user weights and label smoothing
 * @param accuracy share predicted right
 */
public record Evaluation(double loss, double accuracy) {}
