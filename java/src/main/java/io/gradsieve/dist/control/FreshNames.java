package io.gradsieve.dist.control;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.Security;
import java.util.List;

/**
 * Looks names up anew each time. A pod's name may have no address in the first seconds and another
 * after a restart; Java would remember the failure for ten seconds and an address for thirty, and
 * can be told otherwise only for the whole process, before it looks up its first name.
 */
final class FreshNames {
  static {
    Security.setProperty("networkaddress.cache.negative.ttl", "0");
    Security.setProperty("networkaddress.cache.ttl", "1"); // seconds; 0 would ask once an address
  }

  private FreshNames() {}

  /** All addresses of a name, or of an address written out; may take seconds. */
  static List<InetAddress> of(String host) throws UnknownHostException {
    return List.of(InetAddress.getAllByName(host));
  }
}
