package io.gradsieve.backend;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.cpu.CpuBackend;
import java.util.List;

/** Opens devices by name. To add one: a package beside {@code backend.cpu}, its name here. */
public final class Backends {
  /** The names that {@link #open} takes. */
  public static final List<String> DEVICES = List.of("auto", "cpu");

  private Backends() {}

  /**
   * Opens a device; {@code auto} is the best there is.
   *
   * @param threads native threads of a step, at least 1
   * @throws GradsieveException.Usage for a name that is none
   * @throws GradsieveException.Missing if the device or its libraries are not there
   */
  public static Backend open(String device, int threads) {
    if (!DEVICES.contains(device)) {
      throw GradsieveException.Usage.unknown("device", device, DEVICES);
    }
    return CpuBackend.open(threads);
  }
}
