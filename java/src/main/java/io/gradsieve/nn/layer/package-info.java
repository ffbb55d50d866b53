/**
 * Every kind of layer: its options, output shape, parameters in PyTorch's names and layouts, and
 * how it lowers to operations of a plan. Uses {@code nn}, {@code plan}; never computes on samples.
 * Read {@link io.gradsieve.nn.layer.Layer} first.
 */
@NullMarked
package io.gradsieve.nn.layer;

import org.jspecify.annotations.NullMarked;
