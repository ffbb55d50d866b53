/**
 * A network as logical nodes and values: {@link io.gradsieve.graph.Graph}, its kinds of operations
 * with their attributes and traits, shapes of positions × channels, parameters in PyTorch's order.
 * Uses the root package only; never knows a layout, memory or a device. Read {@link
 * io.gradsieve.graph.Graph} first.
 */
@Internal
@NullMarked
package io.gradsieve.graph;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
