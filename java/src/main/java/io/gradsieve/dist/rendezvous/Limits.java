package io.gradsieve.dist.rendezvous;

import java.util.List;

/** What a peer may ask for at most. Everything a peer can make grow has a limit here. */
public final class Limits {
  /** Bytes of a control frame with its header: what one connection may make the server hold. */
  public static final int FRAME = 64 << 10;

  /** Bytes of a frame from a peer that has not yet authenticated: a handshake needs no more. */
  public static final int FRAME_BEFORE_AUTHENTICATION = 512;

  /** Bytes of a key's or barrier's name: a path of a few words and numbers. */
  public static final int KEY = 128;

  /** Bytes of a value: half a frame; what is larger belongs on the workers' own links. */
  public static final int VALUE = 32 << 10;

  /** Keys and barriers of a generation: sixteen for each of 4,096 ranks. */
  public static final int KEYS = 65_536;

  /** Bytes of all values of a generation: 4 KiB for each of 4,096 ranks. */
  public static final int VALUE_BYTES = 16 << 20;

  /** Requests that wait for a key or at a barrier: four for each of 4,096 ranks. */
  public static final int WAITERS = 16_384;

  /** Workers of a job: what the measurements behind the server's data structures cover. */
  public static final int WORKERS = 4_096;

  /** Bytes of a short name: of a job, a code version, an instruction set, an address. */
  public static final int NAME = 64;

  /** Addresses of one worker: its interfaces, IPv4 and IPv6. */
  public static final int ADDRESSES = 16;

  /** Settings of a configuration: twice as many as a training has. */
  public static final int SETTINGS = 64;

  /** Bytes of a setting: a name and a policy with its options; two fit into a reason. */
  public static final int SETTING = 128;

  /** Bytes of a reason: one line on a screen, with two names in it. */
  public static final int REASON = 512;

  /** Bytes of a hash: SHA-256. */
  public static final int HASH = 32;

  /** Members in one frame: so many of the largest fit into {@link #FRAME}. */
  public static final int PAGE = 48;

  private Limits() {}

  /**
   * The text without what is not printable ASCII, and no longer than a reason may be: for reasons
   * that quote an exception.
   */
  public static String reason(String text) {
    String line = text.replaceAll("[^ -~]+", " ");
    return line.substring(0, Math.min(line.length(), REASON));
  }

  /** Printable ASCII only: what goes to terminals and logs carries no control codes. */
  static void text(String field, String text, int atMost) {
    atMost(field + " bytes", text.length(), atMost);
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < ' ' || text.charAt(i) > '~') {
        throw new IllegalArgumentException(field + " is not printable ASCII");
      }
    }
  }

  static void name(String field, String text, int atMost) {
    text(field, text, atMost);
    if (text.isEmpty()) {
      throw new IllegalArgumentException(field + " is empty");
    }
  }

  static void notNegative(String field, long value) {
    if (value < 0) {
      throw new IllegalArgumentException(field + " is negative");
    }
  }

  static void atMost(String field, long value, long most) {
    if (value > most) {
      throw new IllegalArgumentException(field + ": " + value + ", at most " + most);
    }
  }

  static void hash(String field, Bytes hash) {
    if (hash.size() != HASH) {
      throw new IllegalArgumentException(field + ": " + hash.size() + " bytes, not " + HASH);
    }
  }

  static void addresses(List<String> addresses) {
    atMost("addresses", addresses.size(), ADDRESSES);
    addresses.forEach(address -> name("address", address, NAME));
  }

  static void settings(List<String> settings) {
    atMost("settings", settings.size(), SETTINGS);
    for (String setting : settings) {
      text("setting", setting, SETTING);
      if (setting.indexOf('=') < 1) {
        throw new IllegalArgumentException("setting is not name=value");
      }
    }
  }
}
