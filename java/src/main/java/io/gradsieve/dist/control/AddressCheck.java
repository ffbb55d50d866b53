package io.gradsieve.dist.control;

import io.gradsieve.GradsieveException;
import io.gradsieve.dist.cluster.Address;
import io.gradsieve.dist.rendezvous.Limits;
import io.gradsieve.dist.rendezvous.MemberId;
import io.gradsieve.dist.rendezvous.Message.Peer;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Which of the addresses a worker advertises are worth telling the others: those where it answers,
 * seen from here. Loopback counts only for a worker of this machine; else each worker of another
 * one would talk to itself. For one event loop.
 */
final class AddressCheck {
  /** Workers looked at, at a time: each takes up to sixteen connections. */
  private static final int AT_ONCE = 128;

  /** Workers remembered: a member that joins the next generation is not looked at again. */
  private static final int REMEMBERED = 2 * Limits.WORKERS;

  /**
   * What was found.
   *
   * @param kept the addresses that answer, in the worker's order
   * @param problem for people, if the worker has addresses and none answers
   */
  record Result(List<String> kept, Optional<String> problem) {}

  private record Task(Peer self, InetAddress from, Consumer<Result> answer) {}

  private record Known(List<String> advertised, Result result) {}

  private final AddressProbe probe;
  private final Deque<Task> waiting = new ArrayDeque<>();
  private final Map<MemberId, Known> known =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<MemberId, Known> eldest) {
          return size() > REMEMBERED;
        }
      };
  private int running;
  private boolean beginning;

  AddressCheck(AddressProbe probe) {
    this.probe = probe;
  }

  /** Answers once, at once if there is nothing to try. */
  void check(Peer self, InetAddress from, Consumer<Result> answer) {
    Known before = known.get(self.id());
    if (self.addresses().isEmpty()) {
      answer.accept(new Result(List.of(), Optional.empty()));
    } else if (before != null && before.advertised().equals(self.addresses())) {
      answer.accept(before.result());
    } else {
      waiting.add(new Task(self, from, answer));
      next();
    }
  }

  private void next() {
    if (beginning) {
      return; // one that ended at once is here again: thousands must not nest
    }
    beginning = true;
    try {
      while (running < AT_ONCE && !waiting.isEmpty()) {
        running++;
        new Run(waiting.remove()).begin();
      }
    } finally {
      beginning = false;
    }
  }

  /** One worker's check. */
  private final class Run {
    private final Task task;
    private final List<String> advertised;
    private final List<Optional<String>> problems = new ArrayList<>();
    private int unanswered;

    Run(Task task) {
      this.task = task;
      this.advertised = task.self().addresses();
    }

    void begin() {
      boolean local = isHere(task.from());
      advertised.forEach(address -> problems.add(Optional.empty()));
      unanswered = advertised.size();
      for (int i = 0; i < advertised.size(); i++) {
        int at = i;
        Optional<InetSocketAddress> address = literal(advertised.get(i));
        if (address.isEmpty()) {
          answered(at, Optional.of("no IP address with a port"));
        } else if (address.get().getAddress().isLoopbackAddress() && !local) {
          answered(at, Optional.of("loopback, of another machine"));
        } else {
          probe.probe(address.get(), problem -> answered(at, problem));
        }
      }
    }

    private void answered(int at, Optional<String> problem) {
      problems.set(at, problem);
      unanswered--;
      if (unanswered == 0) {
        end();
      }
    }

    private void end() {
      List<String> kept = new ArrayList<>();
      List<String> lost = new ArrayList<>();
      for (int i = 0; i < advertised.size(); i++) {
        String address = advertised.get(i);
        problems
            .get(i)
            .ifPresentOrElse(
                problem -> lost.add("%s (%s)".formatted(address, problem)),
                () -> kept.add(address));
      }
      Optional<String> problem = Optional.empty();
      if (kept.isEmpty()) {
        String tried = "the server can't reach the worker at %s: choose with --interface, or open";
        problem =
            Optional.of(Limits.reason(tried.formatted(String.join(", ", lost)) + " the firewall"));
      }
      Result result = new Result(List.copyOf(kept), problem);
      if (problem.isEmpty()) {
        known.put(task.self().id(), new Known(advertised, result));
      }
      running--;
      task.answer().accept(result);
      next();
    }
  }

  /** Names are not looked up for a worker: that takes time and asks strangers. */
  private static Optional<InetSocketAddress> literal(String advertised) {
    try {
      Address address = Address.parse("address", advertised);
      byte[] bytes = NetUtil.createByteArrayFromIpAddressString(address.host());
      return bytes == null
          ? Optional.empty()
          : Optional.of(new InetSocketAddress(InetAddress.getByAddress(bytes), address.port()));
    } catch (GradsieveException | UnknownHostException e) {
      return Optional.empty();
    }
  }

  private static boolean isHere(InetAddress address) {
    try {
      return address.isLoopbackAddress() || NetworkInterface.getByInetAddress(address) != null;
    } catch (SocketException e) {
      return false;
    }
  }
}
