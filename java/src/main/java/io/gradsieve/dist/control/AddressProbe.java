package io.gradsieve.dist.control;

import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.function.Consumer;

/** Tries whether a process of this job answers at an address. */
@FunctionalInterface
interface AddressProbe {
  /**
   * Tries; answers once, in the same event loop, within a few seconds.
   *
   * @param answer hears nothing if the job answers there, else what happened in a few words
   */
  void probe(InetSocketAddress address, Consumer<Optional<String>> answer);
}
