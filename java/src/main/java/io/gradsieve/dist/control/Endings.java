package io.gradsieve.dist.control;

import io.gradsieve.GradsieveException;
import io.gradsieve.GradsieveException.PeerLost;
import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.rendezvous.MemberEvent;
import io.gradsieve.dist.rendezvous.MemberEvent.Aborted;
import io.gradsieve.dist.rendezvous.MemberEvent.Fenced;
import io.gradsieve.dist.rendezvous.MemberEvent.Left;
import io.gradsieve.dist.rendezvous.MemberEvent.Lost;
import io.gradsieve.dist.rendezvous.MemberEvent.Refused;

/** The ends of a generation or a membership, in words and as errors a user can act on. */
final class Endings {
  private final String server;

  /** {@code server} names it for people, with host and port. */
  Endings(String server) {
    this.server = server;
  }

  String text(MemberEvent event) {
    if (event instanceof Aborted aborted) {
      return "generation %d has ended: %s".formatted(aborted.generation(), aborted.reason());
    } else if (event instanceof Fenced fenced) {
      return fenced.reason();
    } else if (event instanceof Refused refused) {
      return refused.reason();
    }
    return event instanceof Lost lost ? lost.reason() : "has left";
  }

  /**
   * Of a membership that is over.
   *
   * @param wasRanked whether it was in a generation before
   * @param problem of the last attempt to connect
   */
  GradsieveException error(MemberEvent event, boolean wasRanked, String problem) {
    if (event instanceof Refused refused) {
      boolean own =
          switch (refused.code()) {
            case ANOTHER_JOB, ANOTHER_CODE, ANOTHER_DATA, ANOTHER_CONFIGURATION, EXCLUDED -> true;
            case BAD_REQUEST -> !wasRanked; // its addresses; later it is another server
            default -> false;
          };
      if (own) {
        return new Usage("%s refused this worker: %s".formatted(server, refused.reason()));
      }
      return new PeerLost("%s: %s".formatted(server, refused.reason()));
    } else if (event instanceof Left) {
      return new PeerLost("has left " + server);
    }
    if (wasRanked) {
      return new PeerLost("%s: %s; last: %s".formatted(server, text(event), problem));
    }
    return new PeerLost(
        "%s: %s; last: %s%s".formatted(server, text(event), problem, advice(problem)));
  }

  /** What to look at; refusals say so themselves. */
  private static String advice(String problem) {
    return switch (problem) {
      case Dialer.NO_NAME -> ": check the host of --rendezvous";
      case Dialer.REFUSED -> ": is launch running there? Check host and port";
      case Dialer.NO_ANSWER, Dialer.NO_ROUTE -> ": check the address, --interface and the firewall";
      default -> "";
    };
  }
}
