package io.gradsieve.config;

import io.gradsieve.GradsieveException;
import io.gradsieve.format.yaml.YamlText;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * A YAML file of options: one key an option, as texts, so that {@code on}, {@code 1e-3} and {@code
 * 007} mean what they mean on the command line. The section {@code machine} is read past.
 */
public final class ConfigFile {
  /** The section of {@code config.yaml} that says where a run ran. */
  public static final String MACHINE = "machine";

  /** Larger files are no configuration. */
  private static final long LIMIT_BYTES = 1 << 20;

  private ConfigFile() {}

  /**
   * One key of the file.
   *
   * @param text empty for null, which means: not given
   * @param line from 1
   */
  public record Entry(String key, Optional<String> text, int line) {}

  /** The entries in order. Throws {@code Usage} naming file and line. */
  public static List<Entry> read(Path file) {
    Node root = parse(file, text(file));
    List<Entry> entries = new ArrayList<>();
    if (root == null) {
      return entries;
    }
    if (!(root instanceof MappingNode mapping)) {
      throw new GradsieveException.Usage(file + ": must be lines of 'key: value'");
    }
    Set<String> seen = new HashSet<>();
    for (NodeTuple tuple : mapping.getValue()) {
      int line = tuple.getKeyNode().getStartMark().getLine() + 1;
      String key = scalar(file, tuple.getKeyNode()).orElse("null");
      if (!seen.add(key)) {
        throw new GradsieveException.Usage(
            "%s, line %d: '%s' is there twice; keep one".formatted(file, line, key));
      }
      if (!(key.equals(MACHINE) && tuple.getValueNode() instanceof MappingNode)) {
        entries.add(new Entry(key, value(file, tuple.getValueNode()), line));
      }
    }
    return entries;
  }

  /** The texts of a section; empty if it is not there. */
  public static Map<String, String> section(Path file, String name) {
    Map<String, String> texts = new LinkedHashMap<>();
    if (parse(file, text(file)) instanceof MappingNode mapping) {
      for (NodeTuple tuple : mapping.getValue()) {
        if (scalar(file, tuple.getKeyNode()).orElse("").equals(name)
            && tuple.getValueNode() instanceof MappingNode section) {
          for (NodeTuple entry : section.getValue()) {
            texts.put(
                scalar(file, entry.getKeyNode()).orElse(""),
                scalar(file, entry.getValueNode()).orElse(""));
          }
        }
      }
    }
    return texts;
  }

  private static String text(Path file) {
    try {
      if (Files.size(file) > LIMIT_BYTES) {
        throw new GradsieveException.Usage(file + ": too large for a configuration file");
      }
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new GradsieveException.Usage(file + ": no such file; --config names a YAML file");
    } catch (CharacterCodingException e) {
      throw new GradsieveException.Usage(file + ": not a text file in UTF-8");
    } catch (IOException e) {
      throw new GradsieveException.Usage(file + ": can't be read: " + e.getMessage());
    }
  }

  private static Node parse(Path file, String text) {
    try {
      LoaderOptions limits = new LoaderOptions();
      limits.setMaxAliasesForCollections(0);
      return new Yaml(limits).compose(new StringReader(text));
    } catch (MarkedYAMLException e) {
      int line = e.getProblemMark() == null ? 1 : e.getProblemMark().getLine() + 1;
      throw new GradsieveException.Usage(
          "%s, line %d: not YAML: %s".formatted(file, line, e.getProblem()));
    } catch (YAMLException e) {
      throw new GradsieveException.Usage(
          "%s: not YAML: %s".formatted(file, e.getMessage().lines().findFirst().orElse("")));
    }
  }

  private static Optional<String> value(Path file, Node node) {
    if (node instanceof SequenceNode list) {
      List<String> texts = new ArrayList<>();
      for (Node element : list.getValue()) {
        texts.add(scalar(file, element).orElse(""));
      }
      return Optional.of(NameList.print(texts));
    }
    return scalar(file, node);
  }

  private static Optional<String> scalar(Path file, Node node) {
    if (!(node instanceof ScalarNode scalar)) {
      throw new GradsieveException.Usage(
          "%s, line %d: must be 'key: value'; only '%s' is a section"
              .formatted(file, node.getStartMark().getLine() + 1, MACHINE));
    }
    String text = scalar.getValue();
    boolean plain = scalar.getScalarStyle() == ScalarStyle.PLAIN;
    return plain && (text.isEmpty() || text.equals("null") || text.equals("~"))
        ? Optional.empty()
        : Optional.of(text);
  }

  /** The text as a YAML scalar that every reader takes for the same text or number. */
  public static String quoted(String text) {
    boolean number = text.matches("-?[0-9]+(\\.[0-9]+)?([eE][-+][0-9]+)?");
    boolean word = text.matches("[A-Za-z0-9_./][A-Za-z0-9_./+-]*") && text.matches(".*[A-Za-z].*");
    boolean reserved = text.matches("(?i)y|n|yes|no|on|off|null|\\.nan|[-+]?\\.inf|[0-9].*");
    boolean truth = text.equals("true") || text.equals("false");
    boolean plain = number || truth || (word && !reserved && !text.matches("(?i)true|false"));
    return plain ? text : YamlText.quoted(text);
  }
}
