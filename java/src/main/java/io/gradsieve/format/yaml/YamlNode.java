package io.gradsieve.format.yaml;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.gradsieve.GradsieveException.BadData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;

/**
 * A value of a YAML file with the line it stands on: a scalar, a sequence or a mapping. Stricter
 * than YAML, because these files train networks: no aliases, no anchors, no second document, no key
 * twice. Every getter throws {@code BadData} naming file and line if the value is something else.
 */
public final class YamlNode {
  /** Largest file, bytes: a network of ten thousand layers is a tenth of it. */
  static final int LARGEST_FILE = 4 << 20;

  /** Deepest nesting: a residual takes four levels. */
  static final int DEEPEST = 64;

  private enum Kind {
    NOTHING,
    SCALAR,
    SEQUENCE,
    MAPPING
  }

  private final String file;
  private final int line;
  private final Kind kind;
  private final String text;
  private final List<YamlNode> items;
  private final Map<String, YamlNode> entries;

  private YamlNode(
      String file,
      int line,
      Kind kind,
      String text,
      List<YamlNode> items,
      Map<String, YamlNode> entries) {
    this.file = file;
    this.line = line;
    this.kind = kind;
    this.text = text;
    this.items = items;
    this.entries = entries;
  }

  /**
   * Reads a file of one document in UTF-8; throws {@code BadData} if it is missing, too large or no
   * YAML.
   */
  public static YamlNode read(Path path) {
    try {
      if (!Files.exists(path)) {
        throw new BadData(path + ": no such file");
      }
      if (!Files.isRegularFile(path)) {
        throw new BadData(path + ": is not a file");
      }
      if (Files.size(path) > LARGEST_FILE) {
        throw new BadData(
            path + ": is larger than " + LARGEST_FILE + " bytes, so it is no file of ours");
      }
      return parse(path.toString(), new String(Files.readAllBytes(path), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new BadData(path + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Reads text; {@code file} is its name in messages. */
  public static YamlNode parse(String file, String yaml) {
    LoaderOptions limits = new LoaderOptions();
    limits.setCodePointLimit(LARGEST_FILE);
    limits.setNestingDepthLimit(DEEPEST);
    limits.setMaxAliasesForCollections(0);
    YAMLFactory factory =
        YAMLFactory.builder()
            .loaderOptions(limits)
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
            .build();
    try (YAMLParser parser = factory.createParser(yaml)) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw new BadData(file + ": is empty");
      }
      YamlNode node = node(file, parser);
      if (parser.nextToken() != null) {
        throw new BadData(
            file + ":" + line(parser) + ": a second document begins; one file holds one");
      }
      return node;
    } catch (JsonProcessingException e) {
      int line = e.getLocation() == null ? 1 : Math.max(1, e.getLocation().getLineNr());
      String reason = e.getOriginalMessage().lines().findFirst().orElse("");
      throw new BadData(file + ":" + line + ": is not valid YAML: " + reason, e);
    } catch (IOException e) {
      throw new BadData(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static int line(YAMLParser parser) {
    return parser.currentTokenLocation().getLineNr();
  }

  private static YamlNode node(String file, YAMLParser parser) throws IOException {
    int line = line(parser);
    if (parser.isCurrentAlias() || parser.getObjectId() != null) {
      throw new BadData(
          file + ":" + line + ": anchors and aliases are not allowed; write the value out");
    }
    switch (parser.currentToken()) {
      case START_OBJECT -> {
        return new YamlNode(file, line, Kind.MAPPING, "", List.of(), entries(file, parser));
      }
      case START_ARRAY -> {
        List<YamlNode> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          items.add(node(file, parser));
        }
        return new YamlNode(file, line, Kind.SEQUENCE, "", items, Map.of());
      }
      case VALUE_NULL -> {
        return new YamlNode(file, line, Kind.NOTHING, "", List.of(), Map.of());
      }
      default -> {
        return new YamlNode(file, line, Kind.SCALAR, parser.getText(), List.of(), Map.of());
      }
    }
  }

  private static Map<String, YamlNode> entries(String file, YAMLParser parser) throws IOException {
    Map<String, YamlNode> entries = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      int line = line(parser);
      parser.nextToken();
      if (entries.put(key, node(file, parser)) != null) {
        throw new BadData(file + ":" + line + ": " + key + " is given twice");
      }
    }
    return entries;
  }

  /** An error here: {@code file:line: message}. */
  public BadData bad(String message) {
    return new BadData(where() + ": " + message);
  }

  /** {@code file:line}. */
  public String where() {
    return file + ":" + line;
  }

  public boolean isMapping() {
    return kind == Kind.MAPPING;
  }

  public boolean isSequence() {
    return kind == Kind.SEQUENCE;
  }

  public boolean isScalar() {
    return kind == Kind.SCALAR;
  }

  /** Whether nothing was written after the key. */
  public boolean isNothing() {
    return kind == Kind.NOTHING;
  }

  /** The entries of a mapping in their order; {@code what} names the value in the message. */
  public Map<String, YamlNode> entries(String what) {
    if (kind != Kind.MAPPING) {
      throw bad(what + " must be a mapping (key: value), is " + description());
    }
    return entries;
  }

  /** The items of a sequence. */
  public List<YamlNode> items(String what) {
    if (kind != Kind.SEQUENCE) {
      throw bad(what + " must be a list, is " + description());
    }
    return items;
  }

  /** A scalar as it is written, quotes apart. */
  public String text(String what) {
    if (kind != Kind.SCALAR) {
      throw bad(what + " must be one value, is " + description());
    }
    return text;
  }

  /** A whole number from {@code least} to {@code most}. */
  public int integer(String what, int least, int most) {
    String written = text(what);
    try {
      int value = Integer.parseInt(written);
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      // the message below says it
    }
    throw bad(what + " must be a whole number from " + least + " to " + most + ", is " + written);
  }

  /** A finite number. */
  public double number(String what) {
    String written = text(what);
    try {
      double value = Double.parseDouble(written);
      if (Double.isFinite(value)) {
        return value;
      }
    } catch (NumberFormatException e) {
      // the message below says it
    }
    throw bad(what + " must be a finite number, is " + written);
  }

  /** true or false. */
  public boolean flag(String what) {
    String written = text(what);
    if (!written.equals("true") && !written.equals("false")) {
      throw bad(what + " must be true or false, is " + written);
    }
    return written.equals("true");
  }

  private String description() {
    return switch (kind) {
      case NOTHING -> "empty";
      case SCALAR -> "\"" + (text.length() > 40 ? text.substring(0, 40) + "…" : text) + "\"";
      case SEQUENCE -> "a list";
      case MAPPING -> "a mapping";
    };
  }
}
