"""Hosts that are network namespaces of this machine, on one switch; each sends at a given rate. Needs root, ip and tc."""
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLOW_WIRE = ROOT / "java/src/test/resources/io/gradsieve/faults/slow_wire.py"
MTU = 1500
PORT = 29490
LOOK = 0.05  # seconds
LONG_MTU = 9000  # of the delaying wire, which is a program and takes a packet at a time
BURST = 1e-3  # seconds of bytes that a link sends at once, and as many the kernel hands to it in one
LARGEST_BURST = 32_000  # bytes; a timer for each packet of 100 Mbit/s would take 0.8 of a core from what computes


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that hosts and processes are removed then too


@contextlib.contextmanager
def ended(processes):
    """None of them is left behind."""
    try:
        yield
    finally:
        for process in processes:
            if process.poll() is None:
                process.terminate()
                process.wait(30)


def run(*command):
    subprocess.run(command, check=True)


class Hosts:
    """
    count hosts, each with one interface; use it in a with statement.

    rate: bits a second that each sends at most
    delay: seconds that a packet takes, by a program of ours, as the kernel's netem need not be there; 0: the switch's own
    """

    def __init__(self, count, rate, delay=0.0):
        self.rate, self.delay = rate, delay
        base = f"gsw{os.getpid() % 100_000}"
        self.wire = f"{base}-wire"
        self.names = [f"{base}-{i}" for i in range(count)]
        self.addresses = [f"10.222.0.{i + 1}" for i in range(count)]
        self.interface = "tun0" if delay else "eth0"
        self.forwarder = None

    def __enter__(self):
        try:
            for name in self.names:
                run("ip", "netns", "add", name)
                run("ip", "-n", name, "link", "set", "lo", "up")
            if self.delay:
                self.lay_slow_wire()
            else:
                self.lay_wire()
            packet = (LONG_MTU if self.delay else MTU) + 14
            burst = max(2 * packet, min(LARGEST_BURST, round(self.rate / 8 * BURST)))
            for name in self.names:
                run("ip", "-n", name, "link", "set", self.interface, "gso_max_segs", str(burst // packet))
                run("tc", "-n", name, "qdisc", "add", "dev", self.interface, "root", "tbf",
                    "rate", f"{self.rate:.0f}bit", "burst", f"{burst}b", "limit", "1mb")
        except BaseException:
            self.__exit__()
            raise
        return self

    def lay_wire(self):
        run("ip", "netns", "add", self.wire)
        run("ip", "-n", self.wire, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", self.wire, "link", "set", "br0", "up")
        for i, (name, address) in enumerate(zip(self.names, self.addresses)):
            run("ip", "link", "add", "eth0", "netns", name, "type", "veth", "peer", "name", f"p{i}", "netns", self.wire)
            run("ip", "-n", self.wire, "link", "set", f"p{i}", "master", "br0", "up")
            run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            run("ip", "-n", name, "link", "set", "eth0", "up")

    def lay_slow_wire(self):
        places = [f"{name}={address}" for name, address in zip(self.names, self.addresses)]
        self.forwarder = subprocess.Popen(["python3", str(SLOW_WIRE), str(self.delay), "0", *places],
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.forwarder.stdout.readline()
        for name in self.names:
            run("ip", "-n", name, "link", "set", "tun0", "mtu", str(LONG_MTU))

    def __exit__(self, *_):
        if self.forwarder:
            self.forwarder.stdin.close()
            self.forwarder.wait(10)
        for name in [*self.names, self.wire]:
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)

    def start(self, host, command, **options):
        """A process on a host."""
        return subprocess.Popen(["ip", "netns", "exec", self.names[host], *command], **options)

    def bytes(self, host):
        """What a host has sent and received so far, in bytes, headers included."""
        counters = f"/sys/class/net/{self.interface}/statistics"
        text = subprocess.run(["ip", "netns", "exec", self.names[host], "cat", f"{counters}/tx_bytes", f"{counters}/rx_bytes"],
                              check=True, capture_output=True, text=True).stdout
        return tuple(int(number) for number in text.split())


def classes():
    """The class path of engine and benchmarks; built unless GRADSIEVE_BENCH_CLASSES says where it is."""
    given = os.environ.get("GRADSIEVE_BENCH_CLASSES")
    if given:
        return given
    run("mvn", "-q", "-f", str(ROOT / "pom.xml"), "-DskipTests", "package")
    return str(ROOT / "bench/target/benchmarks.jar")


def engine():
    return ["java", "-cp", classes(), "io.gradsieve.cli.Main"]


def train():
    """The beginning of a training's arguments."""
    return ["train", "--data", "fashion-mnist", "--model", "cnn"]


def launch(hosts, directory, options, longest, look=lambda: None):
    """
    Trains with a worker of one thread on each host, into the directory's run.

    longest: seconds
    look: called again and again meanwhile
    """
    token = directory / "token"
    token.write_text(os.urandom(32).hex())
    token.chmod(0o600)
    count = len(hosts.names)
    job = ["launch", "--workers", "1", "--nodes", str(count), "--rendezvous", f"{hosts.addresses[0]}:{PORT}",
           "--token-file", str(token), "--"]
    command = [*engine(), *job, *train(), *options, "--threads", "1", "--out", str(directory / "run")]
    output = directory / "output"
    end = time.monotonic() + longest
    with open(output, "w") as file:
        workers = [hosts.start(i, command, stdout=file, stderr=subprocess.STDOUT) for i in range(count)]
        with ended(workers):
            while any(worker.poll() is None for worker in workers) and time.monotonic() < end:
                time.sleep(LOOK)
                look()
    if any(worker.returncode for worker in workers):
        raise SystemExit(output.read_text())
