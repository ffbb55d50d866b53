package io.gradsieve.dist.cluster;

import io.gradsieve.GradsieveException.Usage;
import java.util.ArrayList;
import java.util.List;

/**
 * Slurm's short form of many host names: {@code n[01-03,07],m1} is n01, n02, n03, n07, m1; {@code
 * r[0-1]n[0-1]} is r0n0, r0n1, r1n0, r1n1. A number has at least the digits of its range's start.
 */
final class HostList {
  /** Far above any cluster; a range of a few characters may ask for billions. */
  private static final int MOST_HOSTS = 65_536;

  private final String name;
  private final String text;
  private int at;

  private HostList(String name, String text) {
    this.name = name;
    this.text = text;
  }

  /**
   * All names, in order; at least one.
   *
   * @param name of the variable
   * @throws Usage if it is none or has too many
   */
  static List<String> expand(String name, String text) {
    return new HostList(name, text).all();
  }

  private List<String> all() {
    List<String> hosts = new ArrayList<>();
    do {
      List<String> more = host();
      check((long) hosts.size() + more.size());
      hosts.addAll(more);
    } while (skip(','));
    if (at < text.length()) {
      throw wrong();
    }
    return hosts;
  }

  /** The names of one item: each beginning so far with each of the next part's. */
  private List<String> host() {
    List<String> hosts = List.of("");
    while (at < text.length() && text.charAt(at) != ',') {
      List<String> next = skip('[') ? ranges() : List.of(literal());
      check((long) hosts.size() * next.size());
      List<String> longer = new ArrayList<>();
      for (String start : hosts) {
        for (String end : next) {
          // before the next part, lest a long list of long names grows without end
          if (!Address.isHost(start + end)) {
            throw wrong();
          }
          longer.add(start + end);
        }
      }
      hosts = longer;
    }
    if (hosts.equals(List.of(""))) {
      throw wrong();
    }
    return hosts;
  }

  private String literal() {
    int start = at;
    while (at < text.length() && ",[]".indexOf(text.charAt(at)) < 0) {
      at++;
    }
    if (at == start) {
      throw wrong();
    }
    return text.substring(start, at);
  }

  /** What stands in brackets: numbers and ranges of numbers. */
  private List<String> ranges() {
    List<String> numbers = new ArrayList<>();
    do {
      String first = number();
      String last = skip('-') ? number() : first;
      int from = Integer.parseInt(first);
      int to = Integer.parseInt(last);
      if (from > to) {
        throw wrong();
      }
      check(numbers.size() + (to - from + 1L));
      String form = "%0" + first.length() + "d";
      for (int i = from; i <= to; i++) {
        numbers.add(form.formatted(i));
      }
    } while (skip(','));
    if (!skip(']')) {
      throw wrong();
    }
    return numbers;
  }

  private String number() {
    int start = at;
    while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
      at++;
    }
    String number = text.substring(start, at);
    if (Environment.digits(number).isEmpty()) {
      throw wrong();
    }
    return number;
  }

  private boolean skip(char expected) {
    boolean there = at < text.length() && text.charAt(at) == expected;
    at += there ? 1 : 0;
    return there;
  }

  private void check(long hosts) {
    if (hosts > MOST_HOSTS) {
      throw new Usage(
          "%s is '%s': more than %d hosts, set %s by hand"
              .formatted(name, Environment.shown(text), MOST_HOSTS, Environment.RENDEZVOUS));
    }
  }

  private Usage wrong() {
    return new Usage(
        "%s is '%s': no host list like n[01-03,07],m1 (character %d), set %s by hand"
            .formatted(name, Environment.shown(text), at + 1, Environment.RENDEZVOUS));
  }
}
