package io.gradsieve.data.reader;

import io.gradsieve.GradsieveException.BadData;
import io.gradsieve.data.reader.ImageListing.Entry;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Images that cannot be used, all in one message: those that cannot be read, each with its reason,
 * and those of another size than the first. Thread-safe.
 */
final class DecodingFaults {
  private static final int NAMED = 10;

  private final ImageListing listing;
  private final Examples unreadable = new Examples(NAMED);
  private final Examples otherSizes = new Examples(NAMED);
  private String size = "";
  private @Nullable BadData only;

  DecodingFaults(ImageListing listing) {
    this.listing = listing;
  }

  /** An image that cannot be read; {@code reason} may begin with its name. */
  synchronized void unreadable(Entry entry, BadData reason) {
    only = reason;
    String text = String.valueOf(reason.getMessage());
    String name = listing.nameOf(entry) + ": ";
    unreadable.add(
        entry.path() + ": " + (text.startsWith(name) ? text.substring(name.length()) : text));
  }

  /** An image of another size than the first that can be read. */
  synchronized void otherSize(Entry entry, String itsSize, Entry first, String firstSize) {
    size = firstSize + " pixels, as " + listing.nameOf(first) + " has";
    otherSizes.add(entry.path() + " (" + itsSize + ")");
  }

  synchronized boolean any() {
    return unreadable.count() + otherSizes.count() > 0;
  }

  /** The one line; of a single image its own. */
  synchronized BadData told() {
    if (unreadable.count() == 1 && otherSizes.count() == 0 && only != null) {
      return only;
    }
    List<String> parts = new ArrayList<>();
    if (unreadable.count() > 0) {
      parts.add(
          unreadable.counted("image", "images") + " cannot be read: " + unreadable.named("; "));
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
