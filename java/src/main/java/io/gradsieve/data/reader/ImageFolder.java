package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.DataRequest;
import io.gradsieve.data.Dataset;
import io.gradsieve.data.DatasetBuilder;
import io.gradsieve.data.SampleShape;
import io.gradsieve.data.SampleStore;
import io.gradsieve.data.reader.ImageListing.Entry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Images sorted into directories by class: {@code train/<class>/…} and {@code test/<class>/…}, in a
 * directory or a zip archive. Where labels are not needed, images anywhere else count too, as one
 * part. What is left out is told. All must have the same size. Images whose red, green and blue
 * agree in all of them make one channel, all others three; a model's rules decide first.
 */
final class ImageFolder {
  private final ImageListing listing;
  private final DataRequest request;
  private final ImageCache cache;

  private ImageFolder(ImageListing listing, DataRequest request, ImageCache cache) {
    this.listing = listing;
    this.request = request;
    this.cache = cache;
  }

  static Dataset readDirectory(Path directory, String name, DataRequest request) {
    try (ImageListing listing = listing(directory, request)) {
      return new ImageFolder(listing, request, ImageCache.ofUser()).read(name);
    }
  }

  static ImageListing listing(Path directory, DataRequest request) {
    return ImageListing.ofDirectory(directory, request.labelled());
  }

  static Dataset readZip(Path file, String name, DataRequest request) {
    try (ImageListing listing = ImageListing.ofZip(file, request.labelled())) {
      return new ImageFolder(listing, request, ImageCache.ofUser()).read(name);
    }
  }

  /** As the others, with a cache of the caller's. */
  static Dataset read(ImageListing listing, String name, DataRequest request, ImageCache cache) {
    return new ImageFolder(listing, request, cache).read(name);
  }

  private Dataset read(String name) {
    List<Entry> train = part(FolderFiles.TRAIN);
    List<Entry> test = part(FolderFiles.TEST);
    if (train.isEmpty() && test.isEmpty()) {
      train = listing.entries();
    }
    List<Entry> entries = new ArrayList<>(train);
    entries.addAll(test);
    if (entries.isEmpty()) {
      throw new BadData(
          listing.name()
              + ": holds no images train/<class>/*.png or .jpg, no IDX and no CIFAR files; "
              + listing.instead());
    }
    DecodedImages images =
        cache.get(
            listing,
            entries,
            request.rules().flatMap(r -> r.normalize()).map(n -> n.mean().size()));
    SampleStore store = images.store();
    SampleShape shape = new SampleShape(images.channels(), images.height(), images.width());
    DatasetBuilder builder =
        new DatasetBuilder(name, shape, true, store)
            .trainCount(train.size())
            .ids(entries.stream().map(Entry::path).toArray(String[]::new));
    listing.remarks().forEach(builder::remark);
    images.remarks().forEach(builder::remark);
    if (request.labelled()) {
      List<String> classes = request.classes().orElseGet(() -> classNames(entries));
      builder.classes(classes).labels(labels(entries, classes));
    }
    return builder.build(listing.name(), request);
  }

  private List<Entry> part(String name) {
    return listing.entries().stream()
        .filter(e -> FolderFiles.top(e.path()).equalsIgnoreCase(name))
        .toList();
  }

  private static String className(Entry entry) {
    String path = entry.path();
    int start = path.indexOf('/') + 1;
    return path.substring(start, path.indexOf('/', start));
  }

  private static List<String> classNames(List<Entry> entries) {
    TreeSet<String> names = new TreeSet<>(LabelOrder.BY_VALUE);
    entries.forEach(e -> names.add(className(e)));
    return List.copyOf(names);
  }

  private int[] labels(List<Entry> entries, List<String> classes) {
    Map<String, Integer> index = new HashMap<>();
    classes.forEach(c -> index.put(c, index.size()));
    int[] labels = new int[entries.size()];
    for (int i = 0; i < labels.length; i++) {
      Integer label = index.get(className(entries.get(i)));
      if (label == null) {
        throw new BadData(
            listing.nameOf(entries.get(i))
                + ": '"
                + className(entries.get(i))
                + "' is no class of the model; nearest: '"
                + GradsieveException.nearest(className(entries.get(i)), classes)
                + "'");
      }
      labels[i] = label;
    }
    return labels;
  }
}
