/**
 * How a graph's values and parameters lie in a device's memory: {@link
 * io.gradsieve.backend.layout.Layout} asks every kind of node, as the device's {@link
 * io.gradsieve.backend.layout.KindLayout} answers, and {@link
 * io.gradsieve.backend.layout.LaidOutParameters} are PyTorch's tensors outside and that inside.
 * Uses {@code graph}, {@code compile} and {@code plan}; never touches memory but through {@link
 * io.gradsieve.backend.layout.FloatMemory}. Read {@link io.gradsieve.backend.layout.Layout} first.
 */
@Internal
@NullMarked
package io.gradsieve.backend.layout;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
