package io.gradsieve.format.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.format.safetensors.SafeTensors.Entry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON of a safetensors file, read token by token so that nothing it says is believed before it
 * is checked.
 */
record SafeTensorsHeader(Map<String, Entry> entries, Map<String, String> metadata) {
  private static final String METADATA = "__metadata__";

  /** Most axes of a tensor. */
  private static final int MOST_AXES = 16;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(4)
                  .maxNumberLength(20)
                  .maxNameLength(4096)
                  .maxStringLength(1 << 20)
                  .build())
          .build();

  static SafeTensorsHeader parse(Path file, byte[] text) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    try (JsonParser parser = JSON.createParser(text)) {
      expect(file, parser.nextToken(), JsonToken.START_OBJECT);
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String name = parser.currentName();
        parser.nextToken();
        if (name.equals(METADATA)) {
          readMetadata(file, parser, metadata);
        } else {
          entries.put(name, entry(file, name, parser));
        }
      }
      if (parser.nextToken() != null) {
        throw new BadData(file + ": something follows its header's JSON");
      }
    } catch (JsonProcessingException e) {
      String reason = e.getOriginalMessage().lines().findFirst().orElse("");
      throw new BadData(file + ": its header is not valid JSON: " + reason, e);
    } catch (IOException e) {
      throw new BadData(file + ": cannot be read: " + e.getMessage(), e);
    }
    return new SafeTensorsHeader(entries, metadata);
  }

  private static void readMetadata(Path file, JsonParser parser, Map<String, String> metadata)
      throws IOException {
    expect(file, parser.currentToken(), JsonToken.START_OBJECT);
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      expect(file, parser.nextToken(), JsonToken.VALUE_STRING);
      metadata.put(key, parser.getText());
    }
  }

  private static Entry entry(Path file, String name, JsonParser parser) throws IOException {
    expect(file, parser.currentToken(), JsonToken.START_OBJECT);
    String type = "";
    List<Long> shape = List.of();
    List<Long> offsets = List.of();
    int keys = 0;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      parser.nextToken();
      keys++;
      switch (key) {
        case "dtype" -> {
          expect(file, parser.currentToken(), JsonToken.VALUE_STRING);
          type = parser.getText();
        }
        case "shape" -> shape = numbers(file, parser);
        case "data_offsets" -> offsets = numbers(file, parser);
        default -> throw new BadData(file + ": " + name + " has the unknown key " + key);
      }
    }
    if (keys != 3 || offsets.size() != 2) {
      throw new BadData(file + ": " + name + " needs dtype, shape and two data_offsets");
    }
    return checked(file, name, type, shape, offsets.get(0), offsets.get(1));
  }

  private static Entry checked(
      Path file, String name, String type, List<Long> shape, long begin, long end) {
    for (ElementType known : ElementType.values()) {
      if (known.name().equals(type)) {
        if (begin > end || bytes(file, name, known, shape) != end - begin) {
          throw new BadData(
              "%s: %s has offsets %d to %d, which do not fit %s %s"
                  .formatted(file, name, begin, end, type, shape));
        }
        return new Entry(known, shape, begin, end);
      }
    }
    throw new BadData(file + ": " + name + " has elements of type " + type + "; convert it to F32");
  }

  private static long bytes(Path file, String name, ElementType type, List<Long> shape) {
    long bytes = type.bytes();
    try {
      for (long size : shape) {
        bytes = Math.multiplyExact(bytes, size);
      }
    } catch (ArithmeticException e) {
      throw new BadData(file + ": " + name + " has the impossible shape " + shape, e);
    }
    return bytes;
  }

  private static List<Long> numbers(Path file, JsonParser parser) throws IOException {
    expect(file, parser.currentToken(), JsonToken.START_ARRAY);
    List<Long> numbers = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      expect(file, parser.currentToken(), JsonToken.VALUE_NUMBER_INT);
      long number = parser.getLongValue();
      if (number < 0 || numbers.size() == MOST_AXES) {
        throw new BadData(file + ": its header has a negative number or too many axes");
      }
      numbers.add(number);
    }
    return numbers;
  }

  private static void expect(Path file, JsonToken token, JsonToken wanted) {
    if (token != wanted) {
      throw new BadData(file + ": its header has " + token + " where " + wanted + " belongs");
    }
  }

  /** Tensors must follow each other without gap or overlap and fill the data exactly. */
  void checkCoverage(Path file, long dataBytes) {
    List<Map.Entry<String, Entry>> inOrder = new ArrayList<>(entries.entrySet());
    inOrder.sort(
        Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin())
            .thenComparingLong(e -> e.getValue().end()));
    long next = 0;
    for (Map.Entry<String, Entry> e : inOrder) {
      long begin = e.getValue().begin();
      if (begin != next) {
        throw new BadData(
            "%s: %s begins at byte %d of the data, must at %d: tensors %s"
                .formatted(
                    file, e.getKey(), begin, next, begin < next ? "overlap" : "leave a gap"));
      }
      next = e.getValue().end();
    }
    if (next != dataBytes) {
      throw new BadData(
          "%s: is cut off or damaged: its header describes %d bytes of data, the file has %d"
              .formatted(file, next, dataBytes));
    }
  }
}
