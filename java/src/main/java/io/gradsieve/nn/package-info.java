/**
 * Networks: {@link io.gradsieve.nn.NetworkSpec} (a model file), {@link io.gradsieve.nn.Models} (the
 * built-in ones), {@link io.gradsieve.nn.Network} (weights on a backend) and the way from layers to
 * a plan. Uses {@code plan}, {@code backend}, {@code format}; never computes on samples and knows
 * no data set. Read {@link io.gradsieve.nn.Network} first, then {@code PlanBuilder}.
 */
@NullMarked
package io.gradsieve.nn;

import org.jspecify.annotations.NullMarked;
