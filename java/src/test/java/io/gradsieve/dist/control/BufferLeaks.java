package io.gradsieve.dist.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Watches every buffer of Netty's; one that nobody released is named when the next is made. */
final class BufferLeaks {
  private static final Queue<String> LEAKS = new ConcurrentLinkedQueue<>();
  private static final int ROUNDS = 3; // a collection, then buffers that find what it left

  private BufferLeaks() {}

  /** Before the first buffer of the process. */
  static void watch() {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
    ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(
        new ResourceLeakDetectorFactory() {
          @Override
          public <T> ResourceLeakDetector<T> newResourceLeakDetector(
              Class<T> resource, int interval, long maxActive) {
            return detector(resource, interval);
          }

          @Override
          public <T> ResourceLeakDetector<T> newResourceLeakDetector(
              Class<T> resource, int interval) {
            return detector(resource, interval);
          }
        });
  }

  private static <T> ResourceLeakDetector<T> detector(Class<T> resource, int interval) {
    return new ResourceLeakDetector<>(resource, interval) {
      @Override
      protected void reportTracedLeak(String type, String records) {
        LEAKS.add(type + records);
      }

      @Override
      protected void reportUntracedLeak(String type) {
        LEAKS.add(type);
      }
    };
  }

  /** Looks for what is leaked so far. */
  static void check() {
    for (int round = 0; round < ROUNDS; round++) {
      System.gc();
      for (int i = 0; i < 100; i++) {
        PooledByteBufAllocator.DEFAULT.directBuffer(1).release();
      }
    }
    assertThat(LEAKS).isEmpty();
  }
}
