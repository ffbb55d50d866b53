package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.reader.ImageListing.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Images that cannot be used, all in one message: those that cannot be read, sorted by reason, and
 * those of another size than the first. Thread-safe.
 */
final class DecodingFaults {
  private static final int NAMED = 10;

  /** Reasons told apart; images of further ones are only counted. */
  private static final int MOST_REASONS = 10;

  private final ImageListing listing;
  private final TreeMap<String, Examples> byReason = new TreeMap<>();
  private int unreadable;
  private final Examples otherSizes = new Examples(NAMED);
  private String size = "";
  private @Nullable BadData only;

  DecodingFaults(ImageListing listing) {
    this.listing = listing;
  }

  /** An image that cannot be read; {@code reason} may begin with its name. */
  synchronized void unreadable(Entry entry, BadData reason) {
    only = reason;
    unreadable++;
    String text = String.valueOf(reason.getMessage());
    String name = listing.nameOf(entry) + ": ";
    String why = text.startsWith(name) ? text.substring(name.length()) : text;
    byReason.computeIfAbsent(why, w -> new Examples(NAMED)).add(entry.path());
    if (byReason.size() > MOST_REASONS) {
      // the last in the alphabet, never one that stays: the same whatever the threads do
      byReason.pollLastEntry();
    }
  }

  /** An image of another size than the first that can be read. */
  synchronized void otherSize(Entry entry, String itsSize, Entry first, String firstSize) {
    size = firstSize + " pixels, as " + listing.nameOf(first) + " has";
    otherSizes.add(entry.path() + " (" + itsSize + ")");
  }

  synchronized boolean any() {
    return unreadable + otherSizes.count() > 0;
  }

  /** The one line; of a single image its own. */
  synchronized BadData told() {
    if (unreadable == 1 && otherSizes.count() == 0 && only != null) {
      return only;
    }
    List<String> parts = new ArrayList<>();
    if (unreadable > 0) {
      String reasons =
          byReason.entrySet().stream()
              .map(e -> e.getValue().named() + ": " + e.getKey())
              .sorted()
              .collect(Collectors.joining("; "));
      int told = byReason.values().stream().mapToInt(Examples::count).sum();
      parts.add(
          unreadable
              + (unreadable == 1 ? " image" : " images")
              + " cannot be read: "
              + reasons
              + (told < unreadable ? "; and " + (unreadable - told) + " more" : ""));
    }
    if (otherSizes.count() > 0) {
      parts.add(
          otherSizes.counted("image does not have ", "images do not have ")
              + size
              + ": "
              + otherSizes.named()
              + "; resize them to one size");
    }
    return new BadData(listing.name() + ": " + String.join("; ", parts));
  }
}
