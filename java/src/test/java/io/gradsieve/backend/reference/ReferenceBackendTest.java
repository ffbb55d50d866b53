package io.gradsieve.backend.reference;

import io.gradsieve.backend.Backend;
import io.gradsieve.backend.BackendContract;

class ReferenceBackendTest extends BackendContract {
  @Override
  protected Backend open(int threads) {
    return new ReferenceBackend();
  }
}
