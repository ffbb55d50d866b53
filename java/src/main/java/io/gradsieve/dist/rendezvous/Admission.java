package io.gradsieve.dist.rendezvous;

import io.gradsieve.dist.rendezvous.Message.Code;
import io.gradsieve.dist.rendezvous.Message.Join;
import io.gradsieve.dist.rendezvous.Message.Refusal;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Who may be a worker of the job: whoever runs the same as the first one did. */
final class Admission {
  private static final int STRIKES = 3; // verdicts over a worker that is alive until it stays out

  private final Rules rules;
  private final Map<MemberId, Integer> strikes = new HashMap<>();
  private Optional<Join> first = Optional.empty();

  Admission(Rules rules) {
    this.rules = rules;
  }

  /** It held the others up though it is alive: let it come back, but not for ever. */
  void strike(MemberId id) {
    strikes.merge(id, 1, Integer::sum);
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
      return differs(Code.ANOTHER_JOB, "job", rules.job(), join.job());
    } else if (!join.code().equals(like.code())) {
      return differs(Code.ANOTHER_CODE, "code", like.code(), join.code());
    } else if (!join.data().equals(like.data())) {
      return differs(Code.ANOTHER_DATA, "data", like.data(), join.data());
    } else if (!join.configuration().equals(like.configuration())) {
      return differs(
          Code.ANOTHER_CONFIGURATION, "configuration", like.configuration(), join.configuration());
    } else if (strikes.getOrDefault(join.self().id(), 0) >= STRIKES) {
      return Optional.of(
          new Refusal(Code.BAD_REQUEST, "held the job up " + STRIKES + " times; check its links"));
    } else if (!open) {
      return Optional.of(new Refusal(Code.ENDED, "the job is over"));
    } else if (!room) {
      return Optional.of(
          new Refusal(Code.LIMIT, "no place among " + rules.workers() + " workers now"));
    }
    first = Optional.of(like);
    return Optional.empty();
  }

  private static Optional<Refusal> differs(Code code, String what, Object here, Object there) {
    String reason = "%s: the job has %s, the worker has %s".formatted(what, here, there);
    return Optional.of(new Refusal(code, reason));
  }
}
