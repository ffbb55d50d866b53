package io.gradsieve.format.safetensors;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * Collects tensors and writes them as one safetensors file: see {@link SafeTensors}. Tensors of
 * wide elements come first, then by name, so that all are aligned and the same tensors give the
 * same bytes in whatever order they were added.
 */
public final class SafeTensorsWriter {
  private static final int ALIGNMENT = 8;

  private record Tensor(
      String name, ElementType type, List<Long> shape, Supplier<byte[]> elements) {
    long bytes() {
      return shape.stream().reduce((long) type.bytes(), Math::multiplyExact);
    }
  }

  private final Map<String, String> metadata;
  private final List<Tensor> tensors = new ArrayList<>();

  /** {@code metadata} becomes {@code __metadata__}. */
  public SafeTensorsWriter(Map<String, String> metadata) {
    this.metadata = new TreeMap<>(metadata);
  }

  /** Adds an F32 tensor; its elements are asked for when it is written. */
  public void floats(String name, List<Long> shape, Supplier<float[]> elements) {
    add(
        name,
        ElementType.F32,
        shape,
        () -> {
          float[] values = elements.get();
          byte[] bytes = allocate(values.length, Float.BYTES);
          view(bytes).asFloatBuffer().put(values);
          return bytes;
        });
  }

  /** Adds an F64 tensor. */
  public void doubles(String name, List<Long> shape, Supplier<double[]> elements) {
    add(
        name,
        ElementType.F64,
        shape,
        () -> {
          double[] values = elements.get();
          byte[] bytes = allocate(values.length, Double.BYTES);
          view(bytes).asDoubleBuffer().put(values);
          return bytes;
        });
  }

  /** Adds an I64 tensor. */
  public void longs(String name, List<Long> shape, Supplier<long[]> elements) {
    add(
        name,
        ElementType.I64,
        shape,
        () -> {
          long[] values = elements.get();
          byte[] bytes = allocate(values.length, Long.BYTES);
          view(bytes).asLongBuffer().put(values);
          return bytes;
        });
  }

  private void add(String name, ElementType type, List<Long> shape, Supplier<byte[]> elements) {
    tensors.add(new Tensor(name, type, List.copyOf(shape), elements));
  }

  private static byte[] allocate(int elements, int bytes) {
    return new byte[Math.multiplyExact(elements, bytes)];
  }

  private static ByteBuffer view(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Writes all to a stream, which stays open. */
  public void write(OutputStream out) throws IOException {
    tensors.sort(
        Comparator.comparingInt((Tensor t) -> -t.type.bytes()).thenComparing(Tensor::name));
    byte[] header = header().getBytes(StandardCharsets.UTF_8);
    out.write(
        ByteBuffer.allocate(Long.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .array());
    out.write(header);
    for (Tensor tensor : tensors) {
      byte[] elements = tensor.elements.get();
      if (elements.length != tensor.bytes()) {
        throw new IllegalStateException(
            tensor.name
                + " of shape "
                + tensor.shape
                + " has "
                + elements.length
                + " bytes of elements");
      }
      out.write(elements);
    }
  }

  private String header() {
    StringBuilder json = new StringBuilder("{");
    if (!metadata.isEmpty()) {
      List<String> pairs = new ArrayList<>();
      metadata.forEach((key, value) -> pairs.add(quoted(key) + ":" + quoted(value)));
      json.append("\"__metadata__\":{").append(String.join(",", pairs)).append('}');
    }
    long begin = 0;
    for (Tensor tensor : tensors) {
      long end = begin + tensor.bytes();
      String shape = tensor.shape.toString().replace(" ", "");
      json.append(json.length() > 1 ? "," : "")
          .append(quoted(tensor.name))
          .append(":{\"dtype\":\"" + tensor.type + "\",\"shape\":" + shape)
          .append(",\"data_offsets\":[" + begin + "," + end + "]}");
      begin = end;
    }
    json.append('}');
    int length = json.toString().getBytes(StandardCharsets.UTF_8).length;
    return json + " ".repeat((ALIGNMENT - length % ALIGNMENT) % ALIGNMENT);
  }

  private static String quoted(String text) {
    return "\"" + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + "\"";
  }
}
