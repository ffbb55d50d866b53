package io.gradsieve.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.GradsieveException;
import io.gradsieve.format.Checksum;
import io.gradsieve.format.files.DurableFiles.Written;
import io.gradsieve.run.CheckpointStore.Moment;
import io.gradsieve.run.CheckpointStore.Origin;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@value #FILE} of a checkpoint: version of all its files, moment, hashes of configuration and
 * data, and each other file with length and SHA-256. Its last property is the SHA-256 of the text
 * before that property; a line feed ends it:
 *
 * <pre>
 * {"format":2,"epoch":3,"step":0,"configuration":"…","data":"…","files":[{"name":"…","bytes":1,"sha256":"…"}],"sha256":"…"}
 * └────────────────────────────── hashed ──────────────────────────────────────────────────────────────────┘
 * </pre>
 */
record CheckpointContents(int format, Moment moment, Origin origin, Map<String, Written> files) {
  static final String FILE = "contents.json";
  private static final int FORMAT = 2;
  private static final String OWN = ",\"sha256\":\"";

  /** Larger files are no contents. */
  private static final long LIMIT_BYTES = 1 << 20;

  /** Of a checkpoint that is made now. */
  CheckpointContents(Moment moment, Origin origin, Map<String, Written> files) {
    this(FORMAT, moment, origin, files);
  }

  /** Throws {@code BadData} if this program can't read such files. */
  void checkFormat(Path checkpoint) {
    if (format != FORMAT) {
      throw new GradsieveException.BadData(
          "%s: made by %s version of this program (format %d, this one reads %d); resume with that one, or train anew with --overwrite"
              .formatted(checkpoint, format < FORMAT ? "an earlier" : "a later", format, FORMAT));
    }
  }

  String text() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("format", format);
    object.put("epoch", moment.epoch());
    object.put("step", moment.step());
    object.put("configuration", origin.configuration());
    object.put("data", origin.data());
    List<Map<String, Object>> list = new ArrayList<>();
    files.forEach(
        (name, written) -> {
          Map<String, Object> file = new LinkedHashMap<>();
          file.put("name", name);
          file.put("bytes", written.bytes());
          file.put("sha256", written.sha256());
          list.add(file);
        });
    object.put("files", list);
    try {
      String text = new ObjectMapper().writeValueAsString(object);
      String hashed = text.substring(0, text.length() - 1);
      return hashed + OWN + checksum(hashed) + "\"}\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("contents that are no JSON", e);
    }
  }

  private static String checksum(String text) {
    return Checksum.of(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Reads the contents and compares the directory's name and every file. Throws {@code BadData}
   * that names the first one at fault.
   */
  static CheckpointContents verify(Path checkpoint) {
    return verify(checkpoint, String.valueOf(checkpoint.getFileName()));
  }

  /** The same of a directory that does not have its name yet. */
  static CheckpointContents verify(Path checkpoint, String name) {
    Path file = checkpoint.resolve(FILE);
    try {
      if (Files.size(file) > LIMIT_BYTES) {
        throw damaged(file, "too long");
      }
      String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
      int own = text.lastIndexOf(OWN);
      if (own < 0
          || !text.substring(own).equals(OWN + checksum(text.substring(0, own)) + "\"}\n")) {
        throw damaged(file, "its checksum differs");
      }
      CheckpointContents contents = parse(new ObjectMapper().readTree(text));
      if (!name.equals(contents.moment.name())) {
        throw damaged(file, "is that of " + contents.moment.name());
      }
      for (Map.Entry<String, Written> entry : contents.files.entrySet()) {
        compare(checkpoint.resolve(entry.getKey()), entry.getValue());
      }
      return contents;
    } catch (NoSuchFileException e) {
      throw damaged(Path.of(e.getFile()), "missing");
    } catch (IOException e) {
      throw damaged(file, String.valueOf(e.getMessage()));
    }
  }

  private static CheckpointContents parse(JsonNode root) {
    Map<String, Written> files = new LinkedHashMap<>();
    for (JsonNode entry : root.path("files")) {
      files.put(
          entry.path("name").asText(),
          new Written(entry.path("bytes").asLong(), entry.path("sha256").asText()));
    }
    return new CheckpointContents(
        root.path("format").asInt(),
        new Moment(root.path("epoch").asInt(), root.path("step").asInt()),
        new Origin(root.path("configuration").asText(), root.path("data").asText()),
        files);
  }

  private static void compare(Path file, Written expected) throws IOException {
    if (Files.size(file) != expected.bytes()) {
      throw damaged(
          file, "has %,d bytes instead of %,d".formatted(Files.size(file), expected.bytes()));
    }
    if (!Written.of(file).equals(expected)) {
      throw damaged(file, "its checksum differs");
    }
  }

  private static GradsieveException.BadData damaged(Path file, String what) {
    return new GradsieveException.BadData("%s: damaged checkpoint: %s".formatted(file, what));
  }
}
