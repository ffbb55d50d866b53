/**
 * Every kind of layer: its options, output shape, parameters under PyTorch's names, and the nodes
 * it lowers to. Uses {@code graph}; never computes on samples. Read {@link
 * io.gradsieve.nn.layer.Layer} first.
 */
@Internal
@NullMarked
package io.gradsieve.nn.layer;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
