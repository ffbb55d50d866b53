/**
 * The engine beside PyTorch and Deeplearning4j: each trains the same model on the same data in a
 * process of its own, in windows on command, and {@link io.gradsieve.bench.peers.Compare}
 * alternates them. May use the engine and DJL; never both in one class. Nothing here is shipped.
 * Read {@link io.gradsieve.bench.peers.Windows} first.
 */
@NullMarked
package io.gradsieve.bench.peers;

import org.jspecify.annotations.NullMarked;
