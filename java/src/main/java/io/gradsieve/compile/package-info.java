/**
 * From a graph to a plan for a device: {@link io.gradsieve.compile.Compiler} fuses, cuts segments,
 * decides what is kept and places it, as the device's {@link io.gradsieve.compile.Target} says.
 * Uses {@code graph} and {@code plan}; asks traits of nodes, never which kind they are, so a new
 * kind changes nothing here. Read {@link io.gradsieve.compile.Compiler} first.
 */
@Internal
@NullMarked
package io.gradsieve.compile;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
