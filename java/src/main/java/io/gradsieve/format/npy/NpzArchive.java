package io.gradsieve.format.npy;

import io.gradsieve.format.zip.ZipArchive;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.ZipEntry;

/** The arrays of an {@code .npz} file by name. */
public final class NpzArchive implements AutoCloseable {
  private static final String SUFFIX = ".npy";

  private final ZipArchive zip;
  private final TreeMap<String, ZipEntry> arrays = new TreeMap<>();

  private NpzArchive(ZipArchive zip) {
    this.zip = zip;
    for (ZipEntry entry : zip.entries()) {
      if (entry.getName().endsWith(SUFFIX)) {
        arrays.put(entry.getName().substring(0, entry.getName().length() - SUFFIX.length()), entry);
      }
    }
  }

  public static NpzArchive open(Path file) {
    return new NpzArchive(ZipArchive.open(file));
  }

  /** Names of the arrays. */
  public Set<String> names() {
    return arrays.keySet();
  }

  /**
   * Opens an array and reads its header; empty if there is none of that name. The archive's owner
   * closes it.
   */
  public Optional<NpyReader> array(String name) {
    ZipEntry entry = arrays.get(name);
    return entry == null ? Optional.empty() : Optional.of(new NpyReader(zip.open(entry)));
  }

  @Override
  public void close() {
    zip.close();
  }
}
