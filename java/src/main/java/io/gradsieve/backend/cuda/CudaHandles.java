package io.gradsieve.backend.cuda;

import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.Pointer;

/**
 * The objects that CUDA's bindings take for addresses, one set a thread, so that a call makes no
 * garbage: each is told an address and handed on at once. None owns what it points to.
 */
final class CudaHandles {
  private static final ThreadLocal<CudaHandles> OF_THREAD =
      ThreadLocal.withInitial(CudaHandles::new);

  final Memory a = new Memory();
  final Memory b = new Memory();
  final Memory c = new Memory();
  final Memory workspace = new Memory();
  final Stream stream = new Stream();
  final Event event = new Event();
  final Event until = new Event();
  final Graph graph = new Graph();
  final Executable executable = new Executable();

  private CudaHandles() {}

  /** Of the calling thread. */
  static CudaHandles get() {
    return OF_THREAD.get();
  }

  /** Memory of the device or of the host. */
  static final class Memory extends Pointer {
    Memory at(long where) {
      address = where;
      return this;
    }
  }

  static final class Stream extends CUstream_st {
    Stream at(long where) {
      address = where;
      return this;
    }
  }

  static final class Event extends CUevent_st {
    Event at(long where) {
      address = where;
      return this;
    }
  }

  static final class Graph extends CUgraph_st {
    Graph at(long where) {
      address = where;
      return this;
    }
  }

  static final class Executable extends CUgraphExec_st {
    Executable at(long where) {
      address = where;
      return this;
    }
  }
}
