package io.gradsieve.nn;

import io.gradsieve.backend.Backend;
import io.gradsieve.backend.BackendInfo;
import io.gradsieve.backend.CompiledStep;
import io.gradsieve.backend.DeviceBuffer;
import io.gradsieve.backend.MemoryLedger;
import io.gradsieve.plan.StepPlan;
import io.gradsieve.plan.UpdateRule;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/** Memory without a device: enough for a network's weights, not for steps. */
final class HeapBackend implements Backend {
  private final MemoryLedger ledger = new MemoryLedger();

  @Override
  public BackendInfo info() {
    return new BackendInfo("heap", "", 1, "", "", List.of());
  }

  @Override
  public DeviceBuffer allocate(long bytes, String purpose) {
    ledger.add(purpose, bytes);
    ByteBuffer memory = ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
    return new DeviceBuffer() {
      @Override
      public long bytes() {
        return bytes;
      }

      @Override
      public void read(long offset, float[] target) {
        memory.asFloatBuffer().position(Math.toIntExact(offset)).get(target);
      }

      @Override
      public void write(long offset, float[] source) {
        memory.asFloatBuffer().position(Math.toIntExact(offset)).put(source);
      }

      @Override
      public void close() {
        ledger.remove(purpose, bytes);
      }
    };
  }

  @Override
  public MemoryLedger ledger() {
    return ledger;
  }

  @Override
  public CompiledStep compile(StepPlan plan, DeviceBuffer weights, Optional<UpdateRule> optimizer) {
    throw new UnsupportedOperationException("there is no device");
  }

  @Override
  public void close() {}
}
