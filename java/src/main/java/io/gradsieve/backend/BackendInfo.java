package io.gradsieve.backend;

import java.util.List;

/**
 * What runs the steps.
 *
 * @param device for instance "cpu"
 * @param instructionSet for instance "avx512"
 * @param blas the kernels that multiply matrices: a library's name and version, or "own"
 * @param candidates every path looked at, with the reason each unusable one was refused
 */
public record BackendInfo(
    String device,
    String processor,
    int threads,
    String instructionSet,
    String blas,
    List<Candidate> candidates) {
  public BackendInfo {
    candidates = List.copyOf(candidates);
  }

  /** One way to run; {@code reason} is empty if usable. */
  public record Candidate(String name, boolean usable, String reason) {}
}
