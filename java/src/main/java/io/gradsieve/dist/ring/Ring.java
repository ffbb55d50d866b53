package io.gradsieve.dist.ring;

import io.gradsieve.dist.Collective;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Workers in a ring, each with a connection from the one before it and to the one after it. A sum
 * goes round twice (Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of
 * workstations", 2009): values are cut into as many chunks as there are workers; on the first round
 * a chunk is added to at each worker, on the second its sum is handed on. A byte is sent on as soon
 * as it is there, so that a round costs its bytes and not a wait a chunk.
 *
 * <p>One thread, which never blocks on one side while the other could go on: two neighbours that
 * both wait to send would wait for ever.
 *
 * <pre>
 * rank 0 ──► rank 1 ──► … ──► rank W−1 ──► rank 0      little-endian values, nothing between them
 * </pre>
 */
public final class Ring implements Collective {
  /** Bytes of a read or write: larger ones gain nothing, and two of them stay in a core's cache. */
  private static final int PIECE = 1 << 18;

  private static final long MOST_GATHERED = 1L << 30;

  private final int rank;
  private final int world;
  private final SocketChannel previous;
  private final SocketChannel next;
  private final long patience;
  private final Selector selector;
  private final SelectionKey readable;
  private final SelectionKey writable;
  private final ByteBuffer sending = piece();
  private final ByteBuffer received = piece();
  private volatile boolean aborted;

  /**
   * A ring over connections that are there; they are this object's from now on.
   *
   * @param previous from the worker of the rank before, modulo {@code world}
   * @param next to the worker of the rank after; another one, for two workers too
   * @param patience how long no byte may move while one is due
   */
  public Ring(int rank, int world, SocketChannel previous, SocketChannel next, Duration patience)
      throws IOException {
    if (rank < 0 || rank >= world) {
      throw new IllegalArgumentException("rank " + rank + " of a world of " + world);
    }
    this.rank = rank;
    this.world = world;
    this.previous = previous;
    this.next = next;
    this.patience = patience.toNanos();
    selector = Selector.open();
    previous.configureBlocking(false);
    next.configureBlocking(false);
    readable = previous.register(selector, 0);
    writable = next.register(selector, 0);
  }

  private static ByteBuffer piece() {
    return ByteBuffer.allocateDirect(PIECE).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int world() {
    return world;
  }

  @Override
  public void allReduce(List<FloatBuffer> values) throws IOException, InterruptedException {
    new Passage(new Values.Floats(values)).reduce();
  }

  @Override
  public void allReduce(DoubleBuffer values) throws IOException, InterruptedException {
    new Passage(new Values.Doubles(values)).reduce();
  }

  @Override
  public List<ByteBuffer> allGather(ByteBuffer own) throws IOException, InterruptedException {
    long[] sizes = new long[world];
    sizes[rank] = own.remaining();
    int[] starts = new int[world + 1];
    for (int r = 0; r < world; r++) {
      starts[r] = r;
    }
    starts[world] = world;
    new Passage(new Values.Longs(LongBuffer.wrap(sizes)), starts).gather();
    long all = 0;
    for (int r = 0; r < world; r++) {
      starts[r] = (int) all;
      all += sizes[r];
      if (sizes[r] < 0 || all > MOST_GATHERED) {
        throw new IOException("more than 1 GiB to gather from " + world + " workers");
      }
    }
    starts[world] = (int) all;
    ByteBuffer bytes = ByteBuffer.allocate((int) all);
    bytes.put(starts[rank], own, own.position(), own.remaining());
    new Passage(new Values.Bytes(bytes), starts).gather();
    List<ByteBuffer> gathered = new ArrayList<>();
    for (int r = 0; r < world; r++) {
      gathered.add(bytes.slice(starts[r], starts[r + 1] - starts[r]).asReadOnlyBuffer());
    }
    return gathered;
  }

  @Override
  public void broadcast(ByteBuffer bytes, int root) throws IOException, InterruptedException {
    new Passage(new Values.Bytes(bytes)).broadcast(root);
  }

  @Override
  public void barrier() throws IOException, InterruptedException {
    allGather(ByteBuffer.allocate(0));
  }

  @Override
  public void abort() {
    aborted = true;
    close();
  }

  @Override
  public void close() {
    for (AutoCloseable open : List.of(previous, next, selector)) {
      try {
        open.close();
      } catch (Exception e) {
        // it is of no use any more, and has told the peer what it could
      }
    }
  }

  /** One operation: what is sent and what comes, chunk after chunk. */
  private final class Passage {
    private final Values values;

    /** Where each worker's chunk begins, and the last ends; in elements. */
    private final int[] starts;

    /** Chunks that are sent, and that come, in their order. */
    private int[] out = {};

    private int[] in = {};

    /** Of the incoming chunks the first so many are added, the others replace. */
    private int added;

    /** A chunk that comes goes out so many places later. */
    private int lag = 1;

    private int outChunk;
    private int outDone;
    private int inChunk;
    private int inDone;

    Passage(Values values) {
      this(values, chunks(values.size()));
    }

    Passage(Values values, int[] starts) {
      this.values = values;
      this.starts = starts;
    }

    void reduce() throws IOException, InterruptedException {
      added = world - 1;
      turn(2);
    }

    void gather() throws IOException, InterruptedException {
      turn(1);
    }

    /** Every chunk goes round so often, but for the last step. */
    private void turn(int rounds) throws IOException, InterruptedException {
      out = new int[rounds * (world - 1)];
      in = new int[rounds * (world - 1)];
      for (int i = 0; i < out.length; i++) {
        out[i] = Math.floorMod(rank - i, world);
        in[i] = Math.floorMod(rank - 1 - i, world);
      }
      run();
    }

    void broadcast(int root) throws IOException, InterruptedException {
      int distance = Math.floorMod(rank - root, world);
      int[] all = new int[world];
      for (int i = 0; i < world; i++) {
        all[i] = i;
      }
      in = distance == 0 ? new int[0] : all;
      out = distance == world - 1 ? new int[0] : all;
      lag = 0;
      run();
    }

    private void run() throws IOException, InterruptedException {
      sending.clear().flip();
      received.clear();
      long last = System.nanoTime();
      try {
        for (boolean moved = receive() | send(); !done(); moved = receive() | send()) {
          if (moved) {
            last = System.nanoTime();
          } else {
            await(last);
          }
        }
      } catch (ClosedByInterruptException e) {
        Thread.interrupted();
        throw new InterruptedException();
      } catch (IOException | ClosedSelectorException | CancelledKeyException e) {
        if (!aborted && e instanceof IOException failed) {
          throw failed;
        }
        throw new IOException("the operation was aborted", e);
      }
    }

    private boolean done() {
      return !sending.hasRemaining() && outChunk == out.length && inChunk == in.length;
    }

    // ---- what comes

    private boolean receive() throws IOException {
      skipEmpty();
      if (inChunk == in.length) {
        return false;
      }
      long due = -received.position();
      for (int i = inChunk; i < in.length && due < received.capacity(); i++) {
        due += (long) (length(in[i]) - (i == inChunk ? inDone : 0)) * values.bytes();
      }
      received.limit((int) Math.min(received.capacity(), received.position() + due));
      int count = previous.read(received);
      if (count < 0) {
        throw new EOFException("rank " + Math.floorMod(rank - 1, world) + " has left the ring");
      }
      received.flip();
      while (inChunk < in.length && received.remaining() >= values.bytes()) {
        take();
        skipEmpty();
      }
      received.compact();
      return count > 0;
    }

    /** Takes what there is of the chunk that comes. */
    private void take() {
      int chunk = in[inChunk];
      int elements =
          Math.min(length(chunk) - inDone, received.remaining() / values.bytes());
      if (inChunk < added) {
        values.add(starts[chunk] + inDone, elements, received);
      } else {
        values.write(starts[chunk] + inDone, elements, received);
      }
      inDone += elements;
      if (inDone == length(chunk)) {
        inChunk++;
        inDone = 0;
      }
    }

    private void skipEmpty() {
      while (inChunk < in.length && length(in[inChunk]) == 0) {
        inChunk++;
      }
    }

    // ---- what is sent

    private boolean send() throws IOException {
      if (!sending.hasRemaining()) {
        sending.clear();
        fill();
        sending.flip();
      }
      return sending.hasRemaining() && next.write(sending) > 0;
    }

    /** Puts what may be sent: a chunk goes out as it came in, or is this worker's own. */
    private void fill() {
      while (outChunk < out.length && sending.remaining() >= values.bytes()) {
        int chunk = out[outChunk];
        int elements =
            Math.min(there() - outDone, sending.remaining() / values.bytes());
        values.read(starts[chunk] + outDone, elements, sending);
        outDone += elements;
        if (outDone < length(chunk)) {
          return;
        }
        outChunk++;
        outDone = 0;
      }
    }

    /** Elements of the chunk to be sent that are there: it is this worker's own, or has come. */
    private int there() {
      int source = outChunk - lag;
      if (source < 0 || in.length == 0 || source < inChunk) {
        return length(out[outChunk]);
      }
      return source == inChunk ? inDone : 0;
    }

    private int length(int chunk) {
      return starts[chunk + 1] - starts[chunk];
    }

    // ---- neither

    private void await(long last) throws IOException, InterruptedException {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      long left = patience - (System.nanoTime() - last);
      if (left <= 0) {
        boolean silent = inChunk < in.length;
        throw new IOException(
            "rank %d has %s for %d s"
                .formatted(
                    Math.floorMod(silent ? rank - 1 : rank + 1, world),
                    silent ? "sent nothing" : "taken nothing",
                    Duration.ofNanos(patience).toSeconds()));
      }
      readable.interestOps(inChunk < in.length ? SelectionKey.OP_READ : 0);
      writable.interestOps(sending.hasRemaining() ? SelectionKey.OP_WRITE : 0);
      selector.select(Math.max(1, Duration.ofNanos(left).toMillis()));
      selector.selectedKeys().clear();
    }
  }

  /** Chunks of sizes that differ by at most one. */
  private int[] chunks(int size) {
    int[] starts = new int[world + 1];
    for (int r = 0; r <= world; r++) {
      starts[r] = (int) ((long) size * r / world);
    }
    return starts;
  }
}
