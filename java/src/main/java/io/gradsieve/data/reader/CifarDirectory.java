package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.format.cifar.CifarRecords;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/**
 * A directory of CIFAR-10's binary version: {@code data_batch_1.bin} and so on, {@code
 * test_batch.bin}.
 */
final class CifarDirectory {
  private CifarDirectory() {}

  /** Whether the names say so. */
  static boolean matches(List<Path> files) {
    return files.stream().anyMatch(f -> isTrain(f) || isTest(f));
  }

  private static boolean isTrain(Path file) {
    return file.getFileName().toString().matches("data_batch_\\d{1,6}\\.bin");
  }

  private static boolean isTest(Path file) {
    return file.getFileName().toString().equals("test_batch.bin");
  }

  /** Reads the batches by number, then the test batch. */
  static Dataset read(Path directory, List<Path> files, String name, DataRequest request) {
    Comparator<Path> byNumber =
        Comparator.<Path>comparingInt(f -> f.getFileName().toString().length())
            .thenComparing(f -> f);
    List<Path> train = files.stream().filter(CifarDirectory::isTrain).sorted(byNumber).toList();
    List<Path> test = files.stream().filter(CifarDirectory::isTest).toList();
    long trainCount = train.stream().mapToLong(CifarRecords::count).sum();
    long samples = trainCount + test.stream().mapToLong(CifarRecords::count).sum();
    SampleShape shape =
        new SampleShape(CifarRecords.CHANNELS, CifarRecords.SIDE, CifarRecords.SIDE);
    SampleStore store = new SampleStore(directory.toString(), samples, shape.elements());
    int[] labels = new int[(int) samples];
    int next = 0;
    for (Path file : train) {
      next = readFile(file, store, labels, next, request);
    }
    for (Path file : test) {
      next = readFile(file, store, labels, next, request);
    }
    return new DatasetBuilder(name, shape, true, store)
        .labels(request.labelled() ? labels : new int[0])
        .trainCount((int) trainCount)
        .build(directory.toString(), request);
  }

  private static int readFile(
      Path file, SampleStore store, int[] labels, int first, DataRequest request) {
    ClassIndices indices = new ClassIndices(request);
    int count = CifarRecords.count(file);
    try (CifarRecords records = CifarRecords.open(file)) {
      byte[] image = new byte[store.sampleBytes()];
      for (int i = 0; i < count; i++) {
        int label = records.read(image);
        store.set(first + i, image);
        if (request.labelled()) {
          checkLabel(label, file, i);
          labels[first + i] = indices.check(label, file.toString(), i);
        }
      }
    }
    return first + count;
  }

  private static void checkLabel(int label, Path file, int row) {
    if (label >= CifarRecords.CLASSES) {
      throw new BadData(
          "%s: row %d: label %d is too large: CIFAR-10 has %d classes, counted from 0; get the file again"
              .formatted(file, row, label, CifarRecords.CLASSES));
    }
  }
}
