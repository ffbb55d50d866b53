/**
 * Deeplearning4j's side, on a class path of its own: it brings another JavaCPP than the engine. May
 * use DL4J and the peers' windows and data, never the engine or DJL. Read {@link
 * io.gradsieve.bench.peers.dl4j.Dl4jWindows} first.
 */
@NullMarked
package io.gradsieve.bench.peers.dl4j;

import org.jspecify.annotations.NullMarked;
