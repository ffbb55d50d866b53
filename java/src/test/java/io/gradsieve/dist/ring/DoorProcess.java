package io.gradsieve.dist.ring;

import io.gradsieve.GradsieveException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.DoubleBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A worker in a process of its own. Arguments: its rank, then for each ring the interface or {@code
 * -} for all. It prints its addresses, reads those of both ranks, prints how the ring went.
 */
final class DoorProcess {
  private DoorProcess() {}

  public static void main(String[] arguments) throws Exception {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    int rank = Integer.parseInt(arguments[0]);
    for (int i = 1; i < arguments.length; i++) {
      Optional<String> wanted = Optional.of(arguments[i]).filter(text -> !text.equals("-"));
      System.out.println(ring(in, rank, i, wanted));
    }
  }

  private static String ring(BufferedReader in, int rank, int generation, Optional<String> wanted)
      throws Exception {
    try (RingDoor door =
        RingDoor.open(
            Doors.JOB,
            Optional.of(Doors.token(1)),
            wanted,
            false,
            line -> System.err.println(line))) {
      System.out.println(String.join(" ", door.addresses()));
      List<List<String>> all =
          List.of(List.of(in.readLine().split(" ")), List.of(in.readLine().split(" ")));
      Duration deadline = Duration.ofSeconds(wanted.equals(Optional.of("w0")) ? 2 : 30);
      try (Ring ring =
          door.form(Doors.place(generation, rank, all), deadline, deadline, (who, since) -> {})) {
        double[] own = {rank + 1};
        ring.allReduce(DoubleBuffer.wrap(own));
        return "sum " + own[0];
      }
    } catch (IOException | GradsieveException e) {
      return e.getMessage();
    }
  }
}
