package io.gradsieve.data;

import io.gradsieve.format.Checksum;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * A hash of all that a training may depend on: the shape and type of the inputs, the class names,
 * and of every sample, in the order of the data set, its content, label, weight, index, id and
 * part. Data that was sorted, relabelled, weighted anew or added to has another.
 */
public final class DataHash {
  private static final int NUMBERS = 2 * Long.BYTES + 2 * Integer.BYTES + Long.BYTES + 1;

  private final MessageDigest digest = Checksum.sha256();

  private DataHash() {}

  /** SHA-256 in hexadecimal digits. */
  public static String of(Dataset data) {
    DataHash hash = new DataHash();
    hash.text(data.shape() + (data.bytes() ? " uint8" : " float32"));
    data.classes().forEach(hash::text);
    int[] test = data.test();
    int next = 0;
    ByteBuffer numbers = ByteBuffer.allocate(NUMBERS);
    for (int i = 0; i < data.size(); i++) {
      boolean inTest = next < test.length && test[next] == i;
      next += inTest ? 1 : 0;
      numbers.clear();
      data.content(i, numbers);
      numbers.putInt(data.label(i)).putFloat(data.weight(i)).putLong(data.index(i));
      hash.digest.update(numbers.put((byte) (inTest ? 1 : 0)).flip());
      if (data.named()) {
        hash.text(data.id(i));
      }
    }
    return Checksum.hex(hash.digest);
  }

  /** Lengths keep neighbours apart. */
  private void text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
    digest.update(bytes);
  }
}
