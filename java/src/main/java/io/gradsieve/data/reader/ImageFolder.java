package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import java.nio.file.Path;

final class ImageFolder {
  private ImageFolder() {}

  static Dataset readDirectory(Path directory, String name, DataRequest request) {
    throw new BadData(directory + ": holds no data");
  }

  static Dataset readZip(Path file, String name, DataRequest request) {
    throw new BadData(file + ": holds no data");
  }
}
