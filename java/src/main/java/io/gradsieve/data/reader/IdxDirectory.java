package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.format.ByteSource;
import io.gradsieve.format.idx.IdxHeader;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A directory of IDX files as MNIST and Fashion-MNIST come: {@code train-images-idx3-ubyte}, {@code
 * train-labels-idx1-ubyte}, and the same with {@code t10k-} (or {@code test-}) for the test part;
 * gzipped or not.
 */
final class IdxDirectory {
  private static final int BLOCK_BYTES = 1 << 20;

  private IdxDirectory() {}

  /** Whether the names say so. */
  static boolean matches(List<Path> files) {
    return file(files, "train", "images").isPresent()
        || file(files, "t10k|test", "images").isPresent();
  }

  private static Optional<Path> file(List<Path> files, String part, String what) {
    String pattern = "(" + part + ")-" + what + "[-.]idx[13]-ubyte(\\.gz)?";
    return files.stream().filter(f -> f.getFileName().toString().matches(pattern)).findFirst();
  }

  /** Reads both parts; {@code files} are sorted. */
  static Dataset read(Path directory, List<Path> files, String name, DataRequest request) {
    Optional<Path> trainImages = file(files, "train", "images");
    Optional<Path> testImages = file(files, "t10k|test", "images");
    refuseLabelsAlone(directory, "train", trainImages, file(files, "train", "labels"));
    refuseLabelsAlone(directory, "t10k", testImages, file(files, "t10k|test", "labels"));
    int[] train = trainImages.map(f -> sizes(f)).orElse(new int[] {0, 0, 0});
    int[] test = testImages.map(f -> sizes(f)).orElse(new int[] {0, 0, 0});
    int[] shape = trainImages.isPresent() ? train : test;
    if (trainImages.isPresent()
        && testImages.isPresent()
        && (train[1] != test[1] || train[2] != test[2])) {
      throw new BadData(
          testImages.get()
              + ": images of "
              + test[1]
              + "x"
              + test[2]
              + " pixels, those of the training part have "
              + train[1]
              + "x"
              + train[2]);
    }
    if (shape[1] == 0 || shape[2] == 0) {
      throw new BadData(
          trainImages.or(() -> testImages).orElseThrow()
              + ": declares images without pixels; it is damaged");
    }
    long samples = (long) train[0] + test[0];
    SampleStore store = new SampleStore(directory.toString(), samples, (long) shape[1] * shape[2]);
    int[] labels = new int[request.labelled() ? (int) samples : 0];
    if (trainImages.isPresent()) {
      readImages(trainImages.get(), store, 0, train[0]);
      readLabels(directory, file(files, "train", "labels"), labels, 0, train[0], request);
    }
    if (testImages.isPresent()) {
      readImages(testImages.get(), store, train[0], test[0]);
      readLabels(directory, file(files, "t10k|test", "labels"), labels, train[0], test[0], request);
    }
    return new DatasetBuilder(name, new SampleShape(1, shape[1], shape[2]), true, store)
        .labels(labels)
        .trainCount(train[0])
        .build(directory.toString(), request);
  }

  /** A part whose images are missing must not pass for data without that part. */
  private static void refuseLabelsAlone(
      Path directory, String part, Optional<Path> images, Optional<Path> labels) {
    if (images.isEmpty() && labels.isPresent()) {
      throw new BadData(
          "%s: has %s but no images for them; add %s-images-idx3-ubyte or take the labels away"
              .formatted(directory, labels.get().getFileName(), part));
    }
  }

  private static int[] sizes(Path images) {
    try (ByteSource in = ByteSource.open(images)) {
      return IdxHeader.read(in, 3).sizes();
    }
  }

  private static void readImages(Path file, SampleStore store, int first, int count) {
    try (ByteSource in = ByteSource.open(file)) {
      IdxHeader header = IdxHeader.read(in, 3);
      if (header.count() != (long) count * store.sampleBytes()) {
        throw new BadData(file + ": changed while it was read; try again");
      }
      byte[] image = new byte[store.sampleBytes()];
      for (int i = first; i < first + count; i++) {
        in.read(image, 0, image.length);
        store.set(i, image);
      }
      in.expectEnd();
    }
  }

  private static void readLabels(
      Path directory,
      Optional<Path> file,
      int[] labels,
      int first,
      int count,
      DataRequest request) {
    if (!request.labelled()) {
      return;
    }
    if (file.isEmpty()) {
      throw new BadData(
          directory
              + ": has images but no labels for its "
              + (first == 0 ? "training" : "test")
              + " part; add train-labels-idx1-ubyte or t10k-labels-idx1-ubyte");
    }
    ClassIndices indices = new ClassIndices(request);
    try (ByteSource in = ByteSource.open(file.get())) {
      IdxHeader header = IdxHeader.read(in, 1);
      if (header.count() != count) {
        throw new BadData(
            file.get() + ": has " + header.count() + " labels for " + count + " images");
      }
      byte[] block = new byte[Math.min(count, BLOCK_BYTES)];
      for (int done = 0; done < count; ) {
        int n = Math.min(block.length, count - done);
        in.read(block, 0, n);
        for (int i = 0; i < n; i++) {
          labels[first + done + i] = indices.check(block[i] & 0xff, in.name(), done + i);
        }
        done += n;
      }
      in.expectEnd();
    }
  }
}
