package io.gradsieve.format.files;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.GradsieveException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * {@code manifest.json}: the names of all files that a run wrote, relative to its directory. A name
 * is entered before its file is made, so that whatever lies there of ours is listed, also after a
 * crash; {@code --overwrite} deletes these only.
 */
public final class Manifest {
  public static final String FILE = "manifest.json";
  private static final int SCHEMA = 1;

  private final Path directory;
  private final DurableFiles files;
  private final TreeSet<String> names = new TreeSet<>();

  private Manifest(Path directory, DurableFiles files) {
    this.directory = directory;
    this.files = files;
  }

  /** The manifest of a directory that has none. */
  public static Manifest empty(Path directory, DurableFiles files) {
    return new Manifest(directory, files);
  }

  /** The manifest there, or an empty one. Throws {@code BadData} if it is damaged. */
  public static Manifest read(Path directory, DurableFiles files) {
    Manifest manifest = new Manifest(directory, files);
    Path file = directory.resolve(FILE);
    if (!Files.exists(file)) {
      return manifest;
    }
    try {
      JsonNode root = new ObjectMapper().readTree(Files.readAllBytes(file));
      if (root.path("schema").asInt() != SCHEMA || !root.path("files").isArray()) {
        throw damaged(file, "no list of schema " + SCHEMA);
      }
      for (JsonNode name : root.path("files")) {
        manifest.names.add(manifest.checked(name.asText()));
      }
    } catch (IOException e) {
      throw damaged(file, "no JSON");
    }
    return manifest;
  }

  private static GradsieveException.BadData damaged(Path file, String what) {
    return new GradsieveException.BadData(
        "%s: damaged: %s; move it away together with the files of the run".formatted(file, what));
  }

  /** Enters names, then writes the manifest if any is new. */
  public void add(Collection<String> added) {
    if (names.addAll(added)) {
      write();
    }
  }

  /** Takes out names of files that are gone, then writes the manifest. */
  public void remove(Collection<String> removed) {
    if (names.removeAll(Set.copyOf(removed))) {
      write();
    }
  }

  public boolean contains(String name) {
    return names.contains(name);
  }

  /** Every file listed, as a path in the directory. */
  public List<Path> files() {
    return names.stream().map(directory::resolve).toList();
  }

  /** Deletes every file listed, the directories that are empty then, and the manifest last. */
  public void deleteAll() {
    for (String name : names) {
      Path file = directory.resolve(name);
      if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && !throughLink(file)) {
        files.delete(file);
      }
    }
    for (String name : names.descendingSet()) {
      for (Path parent = Path.of(name).getParent(); parent != null; parent = parent.getParent()) {
        deleteIfEmpty(directory.resolve(parent));
      }
    }
    files.delete(directory.resolve(FILE + DurableFiles.PARTIAL));
    files.delete(directory.resolve(FILE));
    names.clear();
  }

  private boolean throughLink(Path file) {
    for (Path p = file.getParent(); p != null && !p.equals(directory); p = p.getParent()) {
      if (Files.isSymbolicLink(p)) {
        return true;
      }
    }
    return false;
  }

  private void deleteIfEmpty(Path folder) {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (var entries = Files.newDirectoryStream(folder)) {
      if (entries.iterator().hasNext()) {
        return;
      }
    } catch (IOException e) {
      throw DurableFiles.failure(folder, e);
    }
    files.delete(folder);
  }

  private String checked(String name) {
    if (!isInside(name)) {
      throw new GradsieveException.BadData(
          "%s: lists '%s', which is not a file of the run; nothing was deleted"
              .formatted(directory.resolve(FILE), name));
    }
    return name;
  }

  private static boolean isInside(String name) {
    try {
      Path path = Path.of(name);
      return !name.isEmpty()
          && !path.isAbsolute()
          && path.equals(path.normalize())
          && !path.startsWith("..");
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private void write() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("schema", SCHEMA);
    object.put("files", names);
    byte[] text;
    try {
      text =
          (new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(object) + "\n")
              .getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("names that are no JSON", e);
    }
    files.replace(directory.resolve(FILE), target -> target.write(ByteBuffer.wrap(text)));
  }
}
