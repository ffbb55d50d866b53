package io.gradsieve.api;

/**
 * A sample whose label is probably wrong.
 *
 * @param sample its row in the {@link Scores}
 * @param id its name, else its index
 * @param label name of the class it was given
 * @param predicted name of the class the network predicts
 * @param quality how far the label is trusted, in [0, 1], low is suspicious
 */
public record Suspect(int sample, String id, String label, String predicted, double quality) {}
