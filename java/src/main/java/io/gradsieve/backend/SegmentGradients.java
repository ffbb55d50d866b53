package io.gradsieve.backend;

import io.gradsieve.backend.layout.Layout;
import io.gradsieve.backend.layout.Range;
import io.gradsieve.plan.StepPlan;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The gradients that each segment of a plan completes, as {@link Participants} see them. */
public final class SegmentGradients {
  private static final long FLOATS_A_VIEW = 1L << 28; // 1 GiB, a buffer holds less than 2

  /** The gradients, laid out as the weights. */
  public interface Memory {
    /** A view from the byte offset on. */
    ByteBuffer view(long offset, int bytes);
  }

  /** By segment. */
  private final List<List<ByteBuffer>> views;

  /** Views of the gradients of a plan's parameters. */
  public SegmentGradients(StepPlan plan, Layout layout, Memory memory) {
    views = plan.segments().stream().map(s -> views(layout.ranges(s.completes()), memory)).toList();
  }

  private static List<ByteBuffer> views(List<Range> ranges, Memory memory) {
    List<ByteBuffer> views = new ArrayList<>();
    for (Range range : ranges) {
      for (long at = range.from(); at < range.to(); at += FLOATS_A_VIEW) {
        int floats = (int) Math.min(range.to() - at, FLOATS_A_VIEW);
        views.add(memory.view(at * Float.BYTES, floats * Float.BYTES));
      }
    }
    return List.copyOf(views);
  }

  /** The same list and buffers at every call, each from its start to its end. */
  public List<ByteBuffer> of(int segment) {
    List<ByteBuffer> ranges = views.get(segment);
    for (int i = 0; i < ranges.size(); i++) {
      ranges.get(i).clear();
    }
    return ranges;
  }
}
