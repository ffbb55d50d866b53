package io.gradsieve.backend;

import java.util.List;

/**
 * What runs the steps.
 *
 * @param device for instance "cpu"
 * @param instructionSet for instance "avx512"
 * @param blas the BLAS kernels in use, for instance "OpenBLAS 0.3.31 SkylakeX"
 * @param candidates every path looked at, with the reason each unusable one was refused
 * @param warnings what slows it down and how to change that, a line each
 */
public record BackendInfo(
    String device,
    String processor,
    int threads,
    String instructionSet,
    String blas,
    List<Candidate> candidates,
    List<String> warnings) {
  public BackendInfo {
    candidates = List.copyOf(candidates);
    warnings = List.copyOf(warnings);
  }

  /** One way to run; {@code reason} is empty if usable. */
  public record Candidate(String name, boolean usable, String reason) {}
}
