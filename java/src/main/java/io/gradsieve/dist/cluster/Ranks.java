package io.gradsieve.dist.cluster;

import java.util.OptionalInt;

/** The numbers of a {@link Place}. */
record Ranks(int rank, int localRank, int world, OptionalInt localWorld) {

  /**
   * Variables that hold them.
   *
   * @param localWorld may be unset
   */
  record Names(String rank, String localRank, String world, String localWorld) {

    /** Reads all four: rank, which is set, needs local rank and world. */
    Ranks in(Environment environment) {
      environment.needed(localRank, rank);
      return withLocalRank(environment);
    }

    /** The same where a local rank that is not set is 0: one worker a host. */
    Ranks withLocalRank(Environment environment) {
      return checked(environment, environment.number(localWorld));
    }

    /** The same with the number of workers on this host from elsewhere. */
    Ranks checked(Environment environment, OptionalInt here) {
      int all = environment.neededNumber(world, rank);
      int mine = environment.number(rank).orElse(0);
      int local = environment.number(localRank).orElse(0);
      if (all == 0) {
        throw environment.wrong(world, "a job has at least one worker, set it right");
      }
      if (mine >= all) {
        throw environment.wrong(
            rank, "ranks go from 0 to %d as %s is %d".formatted(all - 1, world, all));
      }
      int most = here.orElse(all);
      if (most < 1 || most > all) {
        throw environment.wrong(
            localWorld, "one host has 1 to %d workers as %s is %d".formatted(all, world, all));
      }
      if (local >= most) {
        throw environment.wrong(
            localRank, "local ranks go from 0 to %d on this host".formatted(most - 1));
      }
      return new Ranks(mine, local, all, here);
    }
  }

  @Override
  public String toString() {
    return "rank %d of %d, local rank %d".formatted(rank, world, localRank);
  }
}
