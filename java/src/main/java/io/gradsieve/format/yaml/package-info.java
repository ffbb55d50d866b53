/**
 * YAML files that people write: a tree that knows its lines and reads strictly within limits. Uses
 * the root package and Jackson's parser; never follows aliases or tags. Read {@link
 * io.gradsieve.format.yaml.YamlNode} first.
 */
@Internal
@NullMarked
package io.gradsieve.format.yaml;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
