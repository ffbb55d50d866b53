package io.gradsieve.backend;

/** On the CPU. */
class AbortedSharesTest extends AbortedSharesContract {
  AbortedSharesTest() {
    super(100);
  }

  @Override
  protected Backend open(int threads) {
    return Backends.open(DeviceName.CPU, threads);
  }
}
