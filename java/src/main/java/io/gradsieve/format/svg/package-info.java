/**
 * Pictures as SVG text: {@link io.gradsieve.format.svg.Svg} writes its elements. Uses nothing of
 * ours; never decides what a picture shows. Read {@link io.gradsieve.format.svg.Svg} first.
 */
@Internal
@NullMarked
package io.gradsieve.format.svg;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
