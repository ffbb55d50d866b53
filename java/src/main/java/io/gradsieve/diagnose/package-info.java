/**
 * What {@code doctor} tells: the machine, the libraries, why something was refused, and what a data
 * set holds. May use all packages but {@code cli}; never fails because a library is missing, which
 * is what it is there to explain. Read {@link io.gradsieve.diagnose.MachineReport} first.
 */
@Internal
@NullMarked
package io.gradsieve.diagnose;

import io.gradsieve.Internal;
import org.jspecify.annotations.NullMarked;
