package io.gradsieve.backend;

import io.gradsieve.GradsieveException;
import io.gradsieve.backend.DeviceName.Kind;
import io.gradsieve.backend.cpu.CpuBackend;
import io.gradsieve.backend.cuda.CudaBackend;
import io.gradsieve.backend.cuda.CudaDevices;
import io.gradsieve.natives.CudaLibraries;
import io.gradsieve.natives.LoadResult;
import io.gradsieve.natives.NativeLibrary;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.LoggerFactory;

/** Opens devices by name. To add one: a package beside {@code backend.cpu}, its name here. */
public final class Backends {
  /** A process says once that its GPU is none, and once why it takes none. */
  private static final AtomicBoolean TOLD_OF_EMULATION = new AtomicBoolean();

  private static final AtomicBoolean TOLD_OF_FAILURE = new AtomicBoolean();

  private Backends() {}

  /** As {@link #open(DeviceName, int, Optional)} with the device's usual precision. */
  public static Backend open(DeviceName device, int threads) {
    return open(device, threads, Optional.empty());
  }

  /** As {@link #open(DeviceName, int, Optional, MemorySource)}, for this process alone. */
  public static Backend open(DeviceName device, int threads, Optional<Precision> precision) {
    return open(device, threads, precision, MemorySource.OWN);
  }

  /**
   * Opens a device; {@code auto} is the best there is.
   *
   * @param threads native threads of a step, at least 1
   * @param precision of products; empty: fp32 on the CPU, tf32 on a GPU
   * @param gradients where the gradients of its steps shall lie, if it is the CPU
   * @throws GradsieveException.Usage for a precision the device has not
   * @throws GradsieveException.Missing if the device or its libraries are not there
   */
  public static Backend open(
      DeviceName device, int threads, Optional<Precision> precision, MemorySource gradients) {
    DeviceName found = found(device);
    Precision taken = precision(found, precision);
    return found.kind() == Kind.CPU
        ? CpuBackend.open(threads, gradients)
        : cuda(found.number().orElseThrow(), threads, taken);
  }

  /** The instruction set that the processor would compute with; nothing is chosen yet. */
  public static String instructionSet() {
    return CpuBackend.instructionSet();
  }

  /**
   * Lets the processor compute with this one in all of the process.
   *
   * @throws GradsieveException.Missing if it computes with another already, or has not this one
   */
  public static void use(String instructionSet) {
    CpuBackend.use(instructionSet);
  }

  /**
   * The device that a name stands for here: {@code cpu}, {@code cuda:0}, {@code cuda:1} and so on.
   * A GPU that {@code auto} could expect but not use is a warning.
   */
  public static DeviceName found(DeviceName device) {
    return switch (device.kind()) {
      case AUTO -> best();
      case CPU -> device;
      case CUDA -> DeviceName.cuda(device.number().orElse(0));
    };
  }

  private static DeviceName best() {
    if (NativeLibrary.load() instanceof LoadResult.Failed || !NativeLibrary.expectsGpu()) {
      return DeviceName.CPU; // which says what is wrong with the library
    }
    if (CudaLibraries.load() instanceof CudaLibraries.Failed failed) {
      refused(failed.reason());
      return DeviceName.CPU;
    }
    try {
      devices(0);
      return DeviceName.cuda(0);
    } catch (GradsieveException.Missing e) {
      refused(e.getMessage());
      return DeviceName.CPU;
    }
  }

  /**
   * The precision of a device that {@link #found} names.
   *
   * @throws GradsieveException.Usage if it has not the one asked for
   */
  public static Precision precision(DeviceName device, Optional<Precision> asked) {
    if (device.kind() != Kind.CPU) {
      return asked.orElse(Precision.TF32);
    }
    if (asked.isPresent() && asked.get() != Precision.FP32) {
      throw new GradsieveException.Usage(
          "--precision %s: a CPU computes in fp32; leave it out, or take a GPU with --device cuda"
              .formatted(asked.get().key()));
    }
    return Precision.FP32;
  }

  private static Backend cuda(int number, int threads, Precision precision) {
    devices(number);
    return CudaBackend.open(number, threads, precision);
  }

  /** Says so once if a GPU is none; throws {@code Missing} unless the numbered one can be used. */
  private static void devices(int number) {
    CudaDevices.require(number);
    if (CudaLibraries.load() instanceof CudaLibraries.Loaded loaded
        && loaded.emulated()
        && !TOLD_OF_EMULATION.getAndSet(true)) {
      LoggerFactory.getLogger(Backends.class)
          .warn(
              "no real GPU: {} stands in for CUDA on the processor ({})",
              loaded.kernels().getParent(),
              CudaLibraries.VARIABLE);
    }
  }

  private static void refused(String reason) {
    if (!TOLD_OF_FAILURE.getAndSet(true)) {
      LoggerFactory.getLogger(Backends.class).warn("the GPU is not used: {}", reason);
    }
  }
}
