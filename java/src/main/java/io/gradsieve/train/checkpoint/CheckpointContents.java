package io.gradsieve.train.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gradsieve.GradsieveException;
import io.gradsieve.train.checkpoint.CheckpointStore.Moment;
import io.gradsieve.train.checkpoint.DurableFiles.Written;
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
 * {@value #FILE} of a checkpoint: version, moment, hash of the configuration, and each other file
 * with length and SHA-256. Its last property is the SHA-256 of the text before that property:
 *
 * <pre>
 * {"format":1,"epoch":3,"step":0,"configuration":"…","files":[{"name":"…","bytes":1,"sha256":"…"}],"sha256":"…"}
 * └────────────────────────────── hashed ─────────────────────────────────────────────────────────┘
 * </pre>
 */
record CheckpointContents(Moment moment, String configuration, Map<String, Written> files) {
  static final String FILE = "contents.json";
  private static final int FORMAT = 1;
  private static final String OWN = ",\"sha256\":\"";

  /** Larger files are no contents. */
  private static final long LIMIT_BYTES = 1 << 20;

  String text() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("format", FORMAT);
    object.put("epoch", moment.epoch());
    object.put("step", moment.step());
    object.put("configuration", configuration);
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
      CheckpointContents contents = parse(file, new ObjectMapper().readTree(text));
      if (!checkpoint.endsWith(contents.moment.name())) {
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

  private static CheckpointContents parse(Path file, JsonNode root) {
    if (root.path("format").asInt() != FORMAT) {
      throw damaged(
          file, "format %s, this program reads %d".formatted(root.path("format"), FORMAT));
    }
    Map<String, Written> files = new LinkedHashMap<>();
    for (JsonNode entry : root.path("files")) {
      files.put(
          entry.path("name").asText(),
          new Written(entry.path("bytes").asLong(), entry.path("sha256").asText()));
    }
    return new CheckpointContents(
        new Moment(root.path("epoch").asInt(), root.path("step").asInt()),
        root.path("configuration").asText(),
        files);
  }

  private static void compare(Path file, Written expected) throws IOException {
    if (Files.size(file) != expected.bytes()) {
      throw damaged(
          file, "has %,d bytes instead of %,d".formatted(Files.size(file), expected.bytes()));
    }
    if (!Checksum.of(file).equals(expected)) {
      throw damaged(file, "its checksum differs");
    }
  }

  private static GradsieveException.BadData damaged(Path file, String what) {
    return new GradsieveException.BadData("%s: damaged checkpoint: %s".formatted(file, what));
  }
}
