package io.gradsieve.dist.ring;

import io.gradsieve.dist.Chunks;
import io.gradsieve.dist.Collective;
import io.gradsieve.dist.Compression;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

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
  /** Bytes of a read or write: of 64 to 512 KiB the fastest between local processes. */
  private static final int PIECE = 1 << 17;

  /** Nanoseconds: a heartbeat of the shortest failure timeout is 0.1 s. */
  private static final long NOTICE = 250_000_000;

  private final int rank;
  private final int world;
  private final SocketChannel previous;
  private final SocketChannel next;
  private final long patience;
  private final Selector selector;
  private final SelectionKey readable;
  private final SelectionKey writable;
  private final ByteBuffer received =
      ByteBuffer.allocateDirect(PIECE).order(ByteOrder.LITTLE_ENDIAN);
  private final Waiting waiting;
  private final AtomicLong bytesIn = new AtomicLong();
  private final AtomicLong bytesOut = new AtomicLong();
  private final Compression compression;
  private final Halves halves = new Halves();
  private volatile boolean aborted;

  /** As the other, with nothing compressed, and nobody hears that it waits. */
  public Ring(int rank, int world, SocketChannel previous, SocketChannel next, Duration patience)
      throws IOException {
    this(rank, world, previous, next, patience, (who, silence) -> {}, Compression.NONE);
  }

  /**
   * A ring over connections that are there; they are this object's from now on.
   *
   * <p>Who is to blame for a standstill no worker can know: around a ring each waits for the one
   * before. So a ring only says for whom it waits, to {@code waiting}; the rendezvous compares what
   * all say, and its verdict comes as {@link #abort}. {@code patience} is for the case that no
   * verdict comes, and is to be far longer than one takes.
   *
   * @param previous from the worker of the rank before, modulo {@code world}
   * @param next to the worker of the rank after; another one, for two workers too
   * @param patience how long no byte may move while one is due
   * @param waiting hears every 0.25 s of waiting for whom
   * @param compression of floats that are summed
   */
  public Ring(
      int rank,
      int world,
      SocketChannel previous,
      SocketChannel next,
      Duration patience,
      Waiting waiting,
      Compression compression)
      throws IOException {
    if (rank < 0 || rank >= world) {
      throw new IllegalArgumentException("rank " + rank + " of a world of " + world);
    }
    this.rank = rank;
    this.world = world;
    this.previous = previous;
    this.next = next;
    this.patience = patience.toNanos();
    this.waiting = waiting;
    this.compression = compression;
    selector = Selector.open();
    previous.configureBlocking(false);
    next.configureBlocking(false);
    readable = previous.register(selector, 0);
    writable = next.register(selector, 0);
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int world() {
    return world;
  }

  /** Bytes received so far; from any thread. */
  public long bytesIn() {
    return bytesIn.get();
  }

  /** Bytes sent so far; from any thread. */
  public long bytesOut() {
    return bytesOut.get();
  }

  @Override
  public void allReduce(List<ByteBuffer> floats) throws IOException, InterruptedException {
    Stretches values = new Stretches(floats);
    if (compression == Compression.NONE || world == 1) {
      new Passage(values, Float.BYTES).reduce(Addition.FLOATS);
      return;
    }
    ByteBuffer wire = halves.begin(values);
    Passage passage = new Passage(new Stretches(List.of(wire)), halves.bytes());
    halves.round(passage.starts[rank], passage.starts[rank + 1]);
    passage.reduce(halves);
    halves.end();
  }

  @Override
  public void allReduce(DoubleBuffer doubles) throws IOException, InterruptedException {
    int count = doubles.remaining();
    ByteBuffer bytes = ByteBuffer.allocate(count * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asDoubleBuffer().put(doubles.duplicate());
    new Passage(new Stretches(List.of(bytes)), Double.BYTES).reduce(Addition.DOUBLES);
    doubles.put(doubles.position(), bytes.asDoubleBuffer(), 0, count);
  }

  /**
   * Fills in what all have: as many bytes each, by rank, between position and limit, of which this
   * worker's are there. Once round, where {@link #allGather} goes twice.
   */
  public void gather(ByteBuffer shares) throws IOException, InterruptedException {
    new Passage(new Stretches(List.of(shares)), shares.remaining() / world).gather();
  }

  @Override
  public List<ByteBuffer> allGather(ByteBuffer own) throws IOException, InterruptedException {
    ByteBuffer sizes = ByteBuffer.allocate(world * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    sizes.putInt(rank * Integer.BYTES, own.remaining());
    gather(sizes);
    Shares shares = Shares.of(sizes, world);
    ByteBuffer bytes = shares.room();
    bytes.put((int) shares.starts()[rank], own, own.position(), own.remaining());
    new Passage(new Stretches(List.of(bytes)), shares.starts()).gather();
    return shares.cut(bytes);
  }

  @Override
  public void broadcast(ByteBuffer bytes, int root) throws IOException, InterruptedException {
    new Passage(new Stretches(List.of(bytes)), 1).broadcast(root);
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

  /** One operation: what is sent and what comes, chunk after chunk, in bytes. */
  private final class Passage {
    private final Stretches values;

    /** Where each worker's chunk begins, and the last ends. */
    private final long[] starts;

    /** Chunks that are sent, and that come, in their order. */
    private int[] out = {};

    private int[] in = {};

    /** Of the incoming chunks the first so many are added, the others replace. */
    private int added;

    private Addition addition = Addition.FLOATS;

    /** A chunk that comes goes out so many places later. */
    private int lag = 1;

    private int outChunk;
    private long outDone;
    private int inChunk;
    private long inDone;

    /** The one that was last read from, sent to or waited for. */
    private int neighbour;

    /** How often it was said that it waits, since a byte last moved. */
    private long notices;

    /** In chunks of whole elements whose sizes differ by at most one. */
    Passage(Stretches values, int element) {
      this.values = values;
      starts = new long[world + 1];
      for (int r = 0; r <= world; r++) {
        starts[r] = Chunks.start(values.bytes(), element, r, world);
      }
    }

    Passage(Stretches values, long[] starts) {
      this.values = values;
      this.starts = starts;
    }

    void reduce(Addition by) throws IOException, InterruptedException {
      addition = by;
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
        if (aborted || !(e instanceof IOException failed)) {
          throw new IOException("the operation was aborted", e);
        }
        throw e instanceof NeighbourLost ? failed : NeighbourLost.left(neighbour, failed);
      }
    }

    private boolean done() {
      return outChunk == out.length && inChunk == in.length;
    }

    private long length(int chunk) {
      return starts[chunk + 1] - starts[chunk];
    }

    // ---- what comes

    private boolean receive() throws IOException {
      while (inChunk < in.length && inDone == length(in[inChunk])) {
        inChunk++;
        inDone = 0;
      }
      if (inChunk == in.length) {
        return false;
      }
      int chunk = in[inChunk];
      long left = length(chunk) - inDone;
      neighbour = Math.floorMod(rank - 1, world);
      int count = inChunk < added ? add(chunk, left) : replace(chunk, left);
      if (count < 0) {
        throw new EOFException();
      }
      bytesIn.addAndGet(count);
      return count > 0;
    }

    private int replace(int chunk, long left) throws IOException {
      int count = previous.read(values.at(starts[chunk] + inDone, Math.min(left, PIECE)));
      inDone += Math.max(0, count);
      return count;
    }

    /** What is left in {@code received} is less than a number. */
    private int add(int chunk, long left) throws IOException {
      ByteBuffer sums = values.at(starts[chunk] + inDone, Math.min(left, received.capacity()));
      received.limit(sums.remaining());
      int count = previous.read(received);
      received.flip();
      int whole = received.remaining() - received.remaining() % addition.bytes();
      int end = received.limit();
      addition.add(sums, received.limit(whole));
      inDone += whole;
      received.limit(end).position(whole);
      received.compact();
      return count;
    }

    // ---- what is sent

    /** A chunk goes out as it came in, or is this worker's own. */
    private boolean send() throws IOException {
      while (outChunk < out.length && outDone == length(out[outChunk])) {
        outChunk++;
        outDone = 0;
      }
      long ready = outChunk < out.length ? there() - outDone : 0;
      if (ready == 0) {
        return false;
      }
      long from = starts[out[outChunk]] + outDone;
      neighbour = Math.floorMod(rank + 1, world);
      int count = next.write(values.at(from, Math.min(ready, PIECE)));
      outDone += count;
      bytesOut.addAndGet(count);
      return count > 0;
    }

    /** Bytes of the chunk to be sent that are there: it is this worker's own, or has come. */
    private long there() {
      int source = outChunk - lag;
      if (source < 0 || in.length == 0 || source < inChunk) {
        return length(out[outChunk]);
      }
      return source == inChunk ? inDone : 0;
    }

    // ---- neither

    private void await(long last) throws IOException, InterruptedException {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      long silence = System.nanoTime() - last;
      boolean silent = inChunk < in.length;
      neighbour = Math.floorMod(silent ? rank - 1 : rank + 1, world);
      if (silence >= patience) {
        throw NeighbourLost.silent(
            neighbour, silent ? "sent nothing" : "taken nothing", Duration.ofNanos(patience));
      }
      if (silence / NOTICE > notices) {
        waiting.waiting(neighbour, Duration.ofNanos(silence));
      }
      notices = silence / NOTICE;
      readable.interestOps(silent ? SelectionKey.OP_READ : 0);
      boolean ready = outChunk < out.length && there() > outDone;
      writable.interestOps(ready ? SelectionKey.OP_WRITE : 0);
      long left = Math.min(patience - silence, NOTICE - silence % NOTICE);
      selector.select(Math.max(1, Duration.ofNanos(left).toMillis()));
      selector.selectedKeys().clear();
    }
  }
}
