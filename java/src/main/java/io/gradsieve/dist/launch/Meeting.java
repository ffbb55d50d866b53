package io.gradsieve.dist.launch;

import io.gradsieve.GradsieveException.Usage;
import io.gradsieve.dist.cluster.Address;
import io.gradsieve.dist.control.Protection;
import io.gradsieve.dist.control.RendezvousServer;
import io.gradsieve.dist.rendezvous.Rules;
import io.gradsieve.dist.rendezvous.Stage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Where the workers of a job meet: a server in this process, or on another host. */
final class Meeting implements AutoCloseable {
  private static final String LOOPBACK = "127.0.0.1";

  /** For an address to answer. */
  private static final int CONNECT_MILLIS = 2_000;

  private final Address address;
  private final boolean here;
  private final Supplier<Supervisor.Job> job;
  private final Supplier<Optional<String>> failure;
  private final Consumer<String> end;

  Meeting(
      Address address,
      boolean here,
      Supplier<Supervisor.Job> job,
      Supplier<Optional<String>> failure,
      Consumer<String> end) {
    this.address = address;
    this.here = here;
    this.job = job;
    this.failure = failure;
    this.end = end;
  }

  /**
   * Serves, if this is the host of the meeting or none was named; else knows where it is.
   *
   * @param several whether launch runs on several hosts
   * @throws Usage if the only host can't serve there
   */
  static Meeting open(
      Optional<Address> asked,
      boolean several,
      Rules rules,
      Protection protection,
      Consumer<String> log) {
    if (asked.isEmpty()) {
      return serve(LOOPBACK, new InetSocketAddress(LOOPBACK, 0), rules, protection, log);
    }
    Address address = asked.get();
    InetSocketAddress bind = bindAddress(address, several);
    if (several && address.meansLoopback()) {
      log.accept(
          "warning: only launches on this machine find %s; for several hosts give one's name or address"
              .formatted(address));
    }
    if (!several && !bind.isUnresolved() && !isHere(bind.getAddress())) {
      throw new Usage(
          "--rendezvous %s: none of this machine's addresses; with several hosts give --nodes too"
              .formatted(address));
    }
    if (!several || canServe(address, several)) {
      try {
        return serve(address.host(), bind, rules, protection, log);
      } catch (Usage e) {
        if (!several || canServe(address, several)) {
          throw e;
        } // else another launch was faster
      }
    }
    if (!bind.isUnresolved() && isHere(bind.getAddress())) {
      log.accept(
          "another process listens at %s, on this host: if it is no launch of this job, choose another port"
              .formatted(address));
    }
    log.accept(
        "the workers join the server at %s; --min-workers, --allow-minority and --failure-timeout count there"
            .formatted(address));
    return new Meeting(address, false, () -> Supervisor.Job.OPEN, Optional::empty, why -> {});
  }

  private static Meeting serve(
      String host,
      InetSocketAddress bind,
      Rules rules,
      Protection protection,
      Consumer<String> log) {
    RendezvousServer server = RendezvousServer.start(bind, rules, protection, log);
    return new Meeting(
        new Address(host, server.port()), true, () -> job(server), server::failure, server::close);
  }

  private static Supervisor.Job job(RendezvousServer server) {
    if (server.stage() != Stage.ENDED) {
      return Supervisor.Job.OPEN;
    }
    return server.failure().isPresent() ? Supervisor.Job.FAILED : Supervisor.Job.DONE;
  }

  /**
   * Where to listen so that those who connect to the address come here. Many systems give their own
   * name the address 127.0.1.1, where other hosts come to themselves: then it is all addresses.
   *
   * @param several whether others than this host connect
   */
  static InetSocketAddress bindAddress(Address address, boolean several) {
    InetSocketAddress resolved = new InetSocketAddress(address.host(), address.port());
    boolean loopback = !resolved.isUnresolved() && resolved.getAddress().isLoopbackAddress();
    return several && loopback && !address.meansLoopback()
        ? new InetSocketAddress(address.port())
        : resolved;
  }

  /** Whether the address is this machine's and nobody listens there. */
  static boolean canServe(Address address, boolean several) {
    InetSocketAddress bind = bindAddress(address, several);
    return !bind.isUnresolved() && isHere(bind.getAddress()) && free(bind);
  }

  private static boolean isHere(InetAddress address) {
    try {
      return address.isAnyLocalAddress()
          || address.isLoopbackAddress()
          || NetworkInterface.getByInetAddress(address) != null;
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean free(InetSocketAddress address) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(address);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** What workers connect to. */
  Address address() {
    return address;
  }

  /** Whether the server is in this process. */
  boolean here() {
    return here;
  }

  /** How the job stands; {@code OPEN} where the server is elsewhere. */
  Supervisor.Job job() {
    return job.get();
  }

  /**
   * The same after a worker could not go on: a server elsewhere that can't be reached by now won't
   * be by another worker.
   */
  Supervisor.Job jobOfLost() {
    return here || connects() ? job() : Supervisor.Job.FAILED;
  }

  private boolean connects() {
    try {
      for (InetAddress one : InetAddress.getAllByName(address.host())) {
        try (Socket socket = new Socket()) {
          socket.connect(new InetSocketAddress(one, address.port()), CONNECT_MILLIS);
          return true;
        } catch (IOException e) {
          // perhaps another address of it
        }
      }
    } catch (UnknownHostException e) {
      // as good as gone
    }
    return false;
  }

  /** Why the job failed, if the server says so. */
  Optional<String> failure() {
    return failure.get();
  }

  /** Ends the job, if it goes on and the server is here; its members are told why. */
  void end(String why) {
    end.accept(why);
  }

  @Override
  public void close() {
    end("the launch that served the rendezvous has ended");
  }
}
