package io.gradsieve.backend.cpu;

/**
 * How a value of one sample lies on a CPU: [T][P] floats, lanes C..P-1 zero.
 *
 * @param positions T
 * @param channels C
 * @param pitch P, floats from one position to the next; at least {@code channels}
 */
record CpuTensor(int positions, int channels, int pitch) {
  /** Lanes of the widest vector registers, 16 floats; pitches are multiples of it. */
  static final int LANES = 16;

  /** At the pitch of every value but the network's input. */
  static CpuTensor of(int positions, int channels) {
    return new CpuTensor(positions, channels, Math.toIntExact(whole(channels)));
  }

  /** So many floats without positions, as operations save them. */
  static CpuTensor saved(long floats) {
    return of(1, Math.toIntExact(whole(floats)));
  }

  /** Rounded up to whole vectors. */
  static long whole(long floats) {
    return (floats + LANES - 1) / LANES * LANES;
  }

  /** T·P. */
  long floats() {
    return (long) positions * pitch;
  }

  /** Every lane of every position as a channel of its own, pad lanes included. */
  CpuTensor lanes() {
    return of(1, Math.toIntExact(floats()));
  }
}
