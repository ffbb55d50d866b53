/**
 * Networks: {@link io.gradsieve.nn.NetworkSpec} (a model file), {@link io.gradsieve.nn.Models} (the
 * built-in ones), {@link io.gradsieve.nn.Network} (with weights) and the way from layers to a
 * graph. Uses {@code graph}, {@code format}; never computes on samples and knows no data set and no
 * device. Read {@link io.gradsieve.nn.Network} first, then {@link io.gradsieve.nn.layer.Layer}.
 */
@Internal
@NullMarked
package io.gradsieve.nn;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
