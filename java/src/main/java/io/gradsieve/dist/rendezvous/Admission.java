package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Who may be a worker of the job: whoever runs the same as the first one did. */
final class Admission {
  private static final int STRIKES = 3; // verdicts over a worker that is alive until it stays out

  private final Rules rules;
  private final Map<MemberId, Integer> strikes = new HashMap<>();
  private final Map<MemberId, String> reasons = new HashMap<>(); // of the last strike
  private Optional<Join> first = Optional.empty();

  Admission(Rules rules) {
    this.rules = rules;
  }

  /** It held the others up though it is alive: let it come back, but not for ever. */
  void strike(MemberId id, String reason) {
    strikes.merge(id, 1, Integer::sum);
    reasons.put(id, reason);
  }

  /** The job is over: for a worker that is not in its last generation, with the reason if known. */
  Refusal over(MemberId id) {
    String left =
        Optional.ofNullable(reasons.get(id))
            .map(": it went on without this worker, "::concat)
            .orElse("");
    return new Refusal(Code.ENDED, Limits.reason("the job is over" + left));
  }

  /** Whether it held the others up before: they go on first, then it may come back. */
  boolean struck(Join join) {
    return strikes.containsKey(join.self().id());
  }

  /**
   * Why this worker may not join, with the difference named; empty if it may.
   *
   * @param open whether the job takes workers at all
   * @param room whether it has a place for this one
   */
  Optional<Refusal> refusal(Join join, boolean open, boolean room) {
    Join like = first.orElse(join);
    if (!join.job().equals(rules.job())) {
      return differs(
          Code.ANOTHER_JOB, "job", rules.job(), join.job(), "give each job a port of its own");
    } else if (!join.code().equals(like.code())) {
      return differs(
          Code.ANOTHER_CODE,
          "code",
          like.code(),
          join.code(),
          "start all from the same engine.jar");
    } else if (!join.data().equals(like.data())) {
      return differs(
          Code.ANOTHER_DATA, "data", like.data(), join.data(), "give all the same files");
    }
    List<String> options = differing(like.configuration(), join.configuration());
    if (!options.isEmpty()) {
      return differs(
          Code.ANOTHER_CONFIGURATION,
          "configuration",
          setting(options.get(0), like),
          setting(options.get(0), join),
          "give all the same " + String.join(", ", options));
    } else if (strikes.getOrDefault(join.self().id(), 0) >= STRIKES) {
      return Optional.of(
          new Refusal(
              Code.EXCLUDED,
              Limits.reason(
                  "held the job up %d times, check its links (--interface); last: %s"
                      .formatted(STRIKES, reasons.get(join.self().id())))));
    } else if (!open) {
      return Optional.of(over(join.self().id()));
    } else if (!room) {
      return Optional.of(
          new Refusal(Code.LIMIT, "no place among " + rules.most() + " workers now"));
    }
    first = Optional.of(like);
    return Optional.empty();
  }

  /** The options whose settings differ, as on the command line. */
  private static List<String> differing(List<String> here, List<String> there) {
    return Stream.concat(
            here.stream().filter(setting -> !there.contains(setting)),
            there.stream().filter(setting -> !here.contains(setting)))
        .map(setting -> "--" + setting.substring(0, setting.indexOf('=')))
        .distinct()
        .toList();
  }

  /** How a worker has set an option, as on the command line. */
  private static String setting(String option, Join of) {
    return of.configuration().stream()
        .map(setting -> "--" + setting.replaceFirst("=", " "))
        .filter(setting -> setting.startsWith(option + " "))
        .findFirst()
        .orElse("no " + option);
  }

  private static Optional<Refusal> differs(
      Code code, String what, Object here, Object there, String advice) {
    String reason = "%s: the job has %s, the worker has %s: %s";
    return Optional.of(
        new Refusal(code, Limits.reason(reason.formatted(what, here, there, advice))));
  }
}
