/**
 * What DL4J 1.0.0-M2.1 asks for under a name that ND4J has left. May use ND4J, never anything of
 * ours. Read {@link org.nd4j.nativeblas.Nd4jCpu} first.
 */
@NullMarked
package org.nd4j.nativeblas;

import org.jspecify.annotations.NullMarked;
