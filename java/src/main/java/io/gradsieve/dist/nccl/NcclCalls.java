package io.gradsieve.dist.nccl;

import java.io.IOException;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclComm;
import org.bytedeco.cuda.nccl.ncclConfig_t;
import org.bytedeco.cuda.nccl.ncclUniqueId;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * NCCL's functions on addresses, of one communicator; results are NCCL's. One thread at a time, but
 * for those that are static. Sums make no garbage.
 */
final class NcclCalls implements AutoCloseable {
  static final int ID_BYTES = 128;

  private final Communicator communicator = new Communicator();
  private final Memory memory = new Memory();
  private final Stream stream = new Stream();
  private final int[] state = new int[1];

  /** NCCL may write to it for as long as the communicator is being made. */
  private final PointerPointer<Pointer> made = new PointerPointer<>(1);

  private static final class Memory extends Pointer {
    Memory at(long where) {
      address = where;
      return this;
    }
  }

  private static final class Stream extends CUstream_st {
    Stream at(long where) {
      address = where;
      return this;
    }
  }

  private static final class Communicator extends ncclComm {
    Communicator at(long where) {
      address = where;
      return this;
    }
  }

  /** Makes a device the calling thread's. */
  static void use(int device) throws IOException {
    int status = cudart.cudaSetDevice(device);
    if (status != cudart.cudaSuccess) {
      cudart.cudaGetLastError();
      throw new IOException(
          "cudaSetDevice(%d): %s".formatted(device, cudart.cudaGetErrorString(status).getString()));
    }
  }

  /** Makes an id. */
  static int newId(byte[] to) {
    try (ncclUniqueId id = new ncclUniqueId();
        BytePointer bytes = new BytePointer(id)) {
      int result = nccl.ncclGetUniqueId(id);
      bytes.capacity(ID_BYTES).get(to);
      return result;
    }
  }

  /** Begins to make a communicator that does not block; {@link #made} is its handle. */
  int initialize(byte[] idBytes, int rank, int world) {
    made.put(0, new Pointer());
    try (ncclUniqueId id = new ncclUniqueId();
        BytePointer bytes = new BytePointer(id);
        ncclConfig_t config = configuration()) {
      bytes.capacity(ID_BYTES).put(idBytes);
      return nccl.ncclCommInitRankConfig(made, world, id, rank, config);
    }
  }

  /**
   * NCCL's initializer is a macro, which nothing binds: zeros, then what is not set is undefined.
   */
  private static ncclConfig_t configuration() {
    ncclConfig_t config = new ncclConfig_t();
    Pointer.memset(config, 0, config.sizeof());
    int undefined = Integer.MIN_VALUE;
    return config
        .size(config.sizeof())
        .magic(nccl.NCCL_API_MAGIC)
        .version(nccl.NCCL_VERSION_CODE)
        .blocking(0)
        .cgaClusterSize(undefined)
        .minCTAs(undefined)
        .maxCTAs(undefined)
        .splitShare(undefined)
        .trafficClass(undefined)
        .collnetEnable(undefined)
        .CTAPolicy(undefined)
        .shrinkShare(undefined)
        .nvlsCTAs(undefined)
        .nChannelsPerNetPeer(undefined)
        .nvlinkCentricSched(undefined)
        .graphUsageMode(undefined)
        .numRmaCtx(undefined);
  }

  /** The handle that {@link #initialize} made, 0 if it made none. */
  long made() {
    Pointer handle = made.get(0);
    return handle == null ? 0 : handle.address();
  }

  /** What became of the last call that was in progress; the call's own failure if it fails. */
  int state(long handle) {
    int result = nccl.ncclCommGetAsyncError(communicator.at(handle), state);
    return result == nccl.ncclSuccess ? state[0] : result;
  }

  /** Queues sums of float32 in place, as one. */
  int allReduce(long handle, long on, long[] addresses, long[] floats) {
    int result = nccl.ncclGroupStart();
    if (!fine(result)) {
      return result;
    }
    for (int i = 0; i < addresses.length && fine(result); i++) {
      Pointer at = memory.at(addresses[i]);
      result =
          nccl.ncclAllReduce(
              at,
              at,
              floats[i],
              nccl.ncclFloat32,
              nccl.ncclSum,
              communicator.at(handle),
              stream.at(on));
    }
    int ended = nccl.ncclGroupEnd();
    return fine(result) ? ended : result;
  }

  int finish(long handle) {
    return nccl.ncclCommFinalize(communicator.at(handle));
  }

  /** Only after {@link #finish} has ended, which all ranks have to take part in. */
  int destroy(long handle) {
    return nccl.ncclCommDestroy(communicator.at(handle));
  }

  /** Ends the process where the library has no such function. */
  int revoke(long handle) {
    return nccl.ncclCommRevoke(communicator.at(handle), nccl.NCCL_REVOKE_DEFAULT);
  }

  /** On any thread; the handle is of no use from its beginning on. May never return. */
  static int abort(long handle) {
    return nccl.ncclCommAbort(new Communicator().at(handle));
  }

  /** Whether a result is no error: codes that are not known are. */
  static boolean fine(int result) {
    return result == nccl.ncclSuccess || result == nccl.ncclInProgress;
  }

  static boolean inProgress(int result) {
    return result == nccl.ncclInProgress;
  }

  /** Whether a result says that a peer is gone. */
  static boolean remote(int result) {
    return result == nccl.ncclRemoteError;
  }

  /** On any thread: NCCL's words for a result, and what it said last, in one line. */
  static String words(int result) {
    BytePointer last = nccl.ncclGetLastError(new Communicator());
    String said =
        last == null || last.isNull() ? "" : last.getString().strip().replaceAll("\\s+", " ");
    String words = nccl.ncclGetErrorString(result).getString() + " (" + result + ")";
    return said.isEmpty() ? words : words + ", " + said;
  }

  @Override
  public void close() {
    made.close();
  }
}
