package io.gradsieve.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.gradsieve.GradsieveException;
import io.gradsieve.natives.CudaLibraries;
import io.gradsieve.natives.NcclLibrary;
import java.lang.management.ManagementFactory;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("cuda")
class CudaRuntimeTest {
  private OnGpu gpu;

  @BeforeEach
  void open() {
    gpu = new OnGpu();
  }

  @AfterEach
  void close() {
    gpu.close();
  }

  @Test
  void aDeviceSaysWhatItIs() {
    assertThat(CudaRuntime.deviceCount()).isPositive();
    assertThat(CudaRuntime.name(0)).isNotBlank();
    assertThat(CudaRuntime.capability(0)[0]).isGreaterThanOrEqualTo(7);
    assertThat(CudaRuntime.totalMemory(0)).isPositive();
    assertThat(CudaRuntime.freeMemory()).isPositive();
    assertThat(CudaRuntime.runtimeVersion()).isGreaterThanOrEqualTo(13_000);
  }

  @Test
  void anErrorNamesFunctionCodeAndCudasWords() {
    assertThatThrownBy(() -> CudaRuntime.use(1000))
        .isInstanceOf(GradsieveException.Missing.class)
        .hasMessageContaining("cudaSetDevice: cudaErrorInvalidDevice")
        .hasMessageEndingWith("(101)");
    assertThatThrownBy(() -> CudaRuntime.malloc(1L << 60))
        .isInstanceOf(GradsieveException.Missing.class)
        .hasMessageContaining("cudaMalloc: cudaErrorMemoryAllocation");
  }

  @Test
  void whatIsQueuedRunsInOrderAndEventsOrderStreams() {
    long other = CudaRuntime.createStream();
    long event = CudaRuntime.createEvent(false);
    long host = CudaRuntime.mallocHost(16);
    long a = gpu.put(1, 2, 3, 4);
    long b = gpu.bytes(16);
    CudaRuntime.fillAsync(b, 0, 16, gpu.stream);
    CudaRuntime.copyAsync(b, a, 8, gpu.stream);
    CudaRuntime.record(event, gpu.stream);
    CudaRuntime.waitFor(other, event);
    CudaRuntime.copyAsync(host, b, 16, other);
    CudaRuntime.record(event, other);
    CudaRuntime.synchronizeEvent(event);
    CudaRuntime.waitFor(gpu.stream, event);
    CudaRuntime.copyAsync(a, host, 16, gpu.stream);
    assertThat(gpu.floats(a, 4)).containsExactly(1, 2, 0, 0);
    CudaRuntime.freeHost(host);
    CudaRuntime.destroyEvent(event);
    CudaRuntime.destroyStream(other);
  }

  @Test
  void theTimeBetweenTwoEventsIsMeasured() {
    long from = CudaRuntime.createEvent(true);
    long to = CudaRuntime.createEvent(true);
    long memory = gpu.bytes(1 << 20);
    CudaRuntime.record(from, gpu.stream);
    CudaRuntime.fillAsync(memory, 1, 1 << 20, gpu.stream);
    CudaRuntime.record(to, gpu.stream);
    CudaRuntime.synchronizeEvent(to);
    assertThat(CudaRuntime.milliseconds(from, to)).isNotNegative();
    CudaRuntime.destroyEvent(from);
    CudaRuntime.destroyEvent(to);
  }

  @Test
  void aGraphRunsWhatWasRecordedEachTimeItIsLaunched() {
    long a = gpu.put(1, 2);
    long b = gpu.put(0, 0);
    CudaRuntime.beginCapture(gpu.stream);
    CudaRuntime.copyAsync(b, a, 8, gpu.stream);
    long graph = CudaRuntime.endCapture(gpu.stream);
    long executable = CudaRuntime.instantiate(graph);
    CudaRuntime.destroyGraph(graph);
    assertThat(gpu.floats(b, 2)).containsExactly(0, 0);
    CudaRuntime.launch(executable, gpu.stream);
    assertThat(gpu.floats(b, 2)).containsExactly(1, 2);
    CudaRuntime.fillAsync(b, 0, 8, gpu.stream);
    CudaRuntime.launch(executable, gpu.stream);
    assertThat(gpu.floats(b, 2)).containsExactly(1, 2);
    CudaRuntime.destroyExecutable(executable);
  }

  /** What every step calls, many times. */
  @Test
  void aSteadyStepMakesNoGarbage() {
    long event = CudaRuntime.createEvent(false);
    long a = gpu.bytes(64);
    long b = gpu.bytes(64);
    CudaRuntime.fillAsync(a, 0, 64, gpu.stream);
    CudaRuntime.beginCapture(gpu.stream);
    CudaRuntime.copyAsync(b, a, 64, gpu.stream);
    long graph = CudaRuntime.endCapture(gpu.stream);
    long executable = CudaRuntime.instantiate(graph);
    Runnable step =
        () -> {
          CudaRuntime.copyAsync(b, a, 64, gpu.stream);
          CudaRuntime.launch(executable, gpu.stream);
          CudaRuntime.record(event, gpu.stream);
          CudaRuntime.waitFor(gpu.stream, event);
          CudaRuntime.synchronizeEvent(event);
        };
    assertThat(garbage(step, 200)).isLessThan(200L);
    CudaRuntime.destroyExecutable(executable);
    CudaRuntime.destroyGraph(graph);
    CudaRuntime.destroyEvent(event);
  }

  /** Bytes of the Java heap that this many runs take, once they are warm. */
  static long garbage(Runnable step, int times) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long thread = Thread.currentThread().getId();
    for (int i = 0; i < 20; i++) {
      step.run();
      threads.getThreadAllocatedBytes(thread);
    }
    long before = threads.getThreadAllocatedBytes(thread);
    for (int i = 0; i < times; i++) {
      step.run();
    }
    return threads.getThreadAllocatedBytes(thread) - before;
  }

  /** A function that is not asked for before it is called could end the process. */
  @Test
  void everyFunctionOfCudaThatIsCalledIsAskedForWhenLibrariesAreLoaded() {
    Set<String> called = new TreeSet<>();
    new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.gradsieve")
            .stream()
            .flatMap(type -> type.getMethodCallsFromSelf().stream())
            .map(JavaMethodCall::getTarget)
            .filter(target -> target.getOwner().getPackageName().equals("org.bytedeco.cuda.global"))
            .forEach(target -> called.add(target.getName()));
    Set<String> asked = new TreeSet<>(CudaLibraries.functions());
    asked.addAll(NcclLibrary.functions());
    asked.add("cuDeviceTotalMem"); // a macro for cuDeviceTotalMem_v2
    assertThat(called).isNotEmpty().isSubsetOf(asked);
  }
}
