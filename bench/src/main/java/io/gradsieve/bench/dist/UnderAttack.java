package io.gradsieve.bench.dist;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * What a job of two workers loses to strangers who reach its ports, off loopback: {@code java -cp
 * bench/target/benchmarks.jar io.gradsieve.bench.dist.UnderAttack engine.jar [PAIRS] [RATE]}, as
 * root. Epochs of one training alternate without and with a {@link Flood} of RATE connections a
 * second at its rendezvous and at both workers' rings. The job has one core and the flood another,
 * so that the ratio is what defending costs, and not what attacking does.
 */
public final class UnderAttack {
  private static final int PORT = 29_401;
  private static final int LISTENERS = 3; // the rendezvous and the rings of two workers
  private static final int EPOCHS = 6; // in a row, of which the first is the change
  private static final int JOBS_CORE = 0;
  private static final int FLOODS_CORE = 1;
  private static final long LONGEST_MINUTES = 10;
  private static final long LOOK_MILLIS = 20;

  private final Path directory = Files.createTempDirectory("attack-");
  private final Path token = directory.resolve("token");
  private final Path output = directory.resolve("output");
  private final Path metrics = directory.resolve("run").resolve("metrics.jsonl");

  private UnderAttack() throws IOException {
    Files.createFile(
        token, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(token, "5a".repeat(32));
  }

  /** Prints each pair's figures, the median of the ratios, and what the flood was. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    int pairs = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 7;
    String rate = arguments.length > 2 ? arguments[2] : "130";
    try (TwoNamespaces hosts = new TwoNamespaces(Flood.ADDRESSES)) {
      new UnderAttack().measure(hosts, arguments[0], pairs, rate);
    }
  }

  private void measure(TwoNamespaces hosts, String jar, int pairs, String rate)
      throws IOException, InterruptedException {
    int epochs = 2 * EPOCHS * (pairs + 1); // a pair more, to warm up
    Process job =
        new ProcessBuilder(with(hosts.inside(JOBS_CORE), job(jar, epochs)))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      await(job, 1);
      Process flood =
          new ProcessBuilder(with(hosts.outside(FLOODS_CORE), flood(rate, listeners(job))))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try {
        measure(job, flood, pairs);
      } finally {
        flood.destroy();
      }
      boolean ended = job.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES);
      String said = Files.readString(output);
      if (!ended || job.exitValue() != 0 || said.contains("generation 2")) {
        throw new IOException(said);
      }
      said.lines().filter(line -> line.contains(" in all: ")).forEach(System.out::println);
    } finally {
      job.descendants().forEach(ProcessHandle::destroy);
      job.destroy();
    }
  }

  private void measure(Process job, Process flood, int pairs)
      throws IOException, InterruptedException {
    OutputStream orders = flood.getOutputStream();
    BufferedReader answers = flood.inputReader(StandardCharsets.UTF_8);
    double[] ratios = new double[pairs];
    double seconds = 0;
    String account = "";
    for (int pair = 0; pair <= pairs; pair++) {
      int epoch = 2 * EPOCHS * pair;
      await(job, epoch + EPOCHS);
      order(orders, "on");
      long begin = System.nanoTime();
      await(job, epoch + 2 * EPOCHS);
      order(orders, "off");
      seconds += (System.nanoTime() - begin) * 1e-9;
      account = answers.readLine();
      if (pair > 0) {
        double quiet = speed(epoch);
        double attacked = speed(epoch + EPOCHS);
        ratios[pair - 1] = attacked / quiet;
        System.out.printf(
            Locale.ROOT,
            "pair %d: alone %.0f/s, attacked %.0f/s, ratio %.3f%n",
            pair,
            quiet,
            attacked,
            ratios[pair - 1]);
      }
    }
    String[] figures = account.split(" ");
    System.out.printf(
        Locale.ROOT,
        "median ratio %.3f%n%s connections in %.0f s, %s of them tolerated; the flood took %.2f of a core%n",
        Median.of(ratios),
        figures[0],
        seconds,
        figures[1],
        Double.parseDouble(figures[2]) / seconds);
  }

  private List<String> job(String jar, int epochs) {
    String command =
        "java -jar %s launch --workers 2 --rendezvous %s:%d --token-file %s -- train --data fashion-mnist --model mlp --batch-size 256 --threads 1 --epochs %d --sieve none --eval-every %d --checkpoint-every %d --quiet --out %s"
            .formatted(
                jar,
                TwoNamespaces.JOB,
                PORT,
                token,
                epochs,
                epochs,
                epochs,
                directory.resolve("run"));
    return List.of(command.split(" "));
  }

  private List<String> flood(String rate, List<Integer> ports) {
    List<String> command = new ArrayList<>(List.of("java", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.addAll(List.of(Flood.class.getName(), rate, "launch:" + PORT, token.toString()));
    ports.forEach(port -> command.add(Integer.toString(port)));
    return command;
  }

  private static List<String> with(List<String> where, List<String> command) {
    List<String> all = new ArrayList<>(where);
    all.addAll(command);
    return all;
  }

  private static void order(OutputStream orders, String order) throws IOException {
    orders.write((order + "\n").getBytes(StandardCharsets.UTF_8));
    orders.flush();
  }

  /** Waits until so many epochs are done. */
  private void await(Process job, int epochs) throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(LONGEST_MINUTES);
    while (!Files.exists(metrics) || Files.readAllLines(metrics).size() < epochs) {
      boolean ended = job.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      if (ended && job.exitValue() != 0 || System.nanoTime() > end) {
        throw new IOException(Files.readString(output));
      }
    }
  }

  /** Of some epochs from one on, without the first: samples a second. */
  private double speed(int from) throws IOException {
    List<String> lines = Files.readAllLines(metrics);
    double[] speeds = new double[EPOCHS - 1];
    for (int i = 0; i < speeds.length; i++) {
      String line = lines.get(from + 1 + i);
      speeds[i] = new ObjectMapper().readTree(line).get("samples_per_second").asDouble();
    }
    return Median.of(speeds);
  }

  /** The rendezvous' port, then those of the rings, as the kernel lists them. */
  private static List<Integer> listeners(Process job) throws IOException {
    TreeSet<Integer> rings = new TreeSet<>();
    for (String table : List.of("tcp", "tcp6")) {
      Path file = Path.of("/proc", Long.toString(job.pid()), "net", table);
      for (String line : Files.readAllLines(file)) {
        String[] fields = line.strip().split("\\s+");
        if (fields[3].equals("0A")) {
          rings.add(Integer.parseInt(fields[1].substring(fields[1].lastIndexOf(':') + 1), 16));
        }
      }
    }
    if (!rings.remove(PORT) || rings.size() != LISTENERS - 1) {
      throw new IOException("listeners beside %d: %s".formatted(PORT, rings));
    }
    List<Integer> all = new ArrayList<>(List.of(PORT));
    all.addAll(rings);
    return all;
  }
}
