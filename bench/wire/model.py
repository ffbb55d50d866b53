#!/usr/bin/env python3
"""
The tables of docs/scaling.md: python3 bench/wire/model.py [--quick] fit | steps | weak | strong | limit | published | sieve

Fitted to what bench/wire/rings left in rings.csv, steps.csv, segments.csv and taken.csv (--quick: in quick/). Seconds and bytes throughout.
"""
import collections
import csv
import math
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
Network = collections.namedtuple("Network", "name latency bandwidth")  # alpha, seconds; beta, bytes a second each way
BUCKET = 1 << 20  # GradientBuckets.BYTES
VERDICT = 24  # bytes: whether all is finite, two requests to stop
CNN = {0: 75_264, 1: 1_606_144, 2: 5_160}  # bytes of gradients of each segment, as train --dry-run lists them
RESNET20 = [650, 128, 36992, 36992, 36992, 37120, 36992, 20544, 9280, 9280, 9280, 9344, 9280, 5152, *[2336] * 6, 144]  # parameters
RESNET50 = [25_557_032 / 50] * 50
MIB25 = 25 << 20  # PyTorch's bucket


def read(name):
    with open(HERE / ("quick" if "--quick" in sys.argv else "") / name, newline="") as file:
        return list(csv.DictReader(file))


def print_table(header, rows):
    print("| " + " | ".join(header) + " |\n|" + " --- |" * len(header))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")


# ---- the model

def ring(ranks, size, network):
    """Each byte goes on as soon as it has come, so per round the longer of a chunk's bytes and its way counts."""
    chunk = size / ranks / network.bandwidth
    return 2 * (ranks - 1) * max(network.latency, chunk) + (min(network.latency, chunk) if ranks > 1 else 0)


def usual(ranks, size, network):
    """The formula for a ring whose ranks wait for a whole chunk."""
    return 2 * (ranks - 1) * (network.latency + size / ranks / network.bandwidth)


def tree(ranks, size, network):
    """Two trees with half of the bytes each, cut small: NCCL's, as its tuner counts it (src/graph/tuning.cc)."""
    return 2 * math.log2(ranks) * network.latency + 2 * size / network.bandwidth


def step(forward, backward, update, ranks, network, bucket=BUCKET, reduce=ring, taken=0.0):
    """
    Of ranks that all-reduce buckets while backward runs.

    backward: (seconds, bytes of gradients), last layer first
    taken: the share of computing that a sum beside it takes
    """
    clock, wire, held = forward, 0.0, 0
    for seconds, size in backward:
        beside = min(seconds, max(0.0, wire - clock) * (1 - taken))
        clock += seconds + beside * taken / (1 - taken)
        held += size
        if held >= bucket:
            wire = max(clock, wire) + reduce(ranks, held, network)
            held = 0
    wire = max(clock, wire) + (reduce(ranks, held, network) if held else 0)
    return wire + reduce(ranks, VERDICT, network) + update


# ---- fitted

def fitted(rows, formula):
    """The network for which the logarithms of times are nearest, as least squares, and the residuals."""
    measured = [(int(row["ranks"]), int(row["bytes"]), float(row["median"])) for row in rows]

    def residuals(place):
        network = Network("", *(math.exp(x) for x in place))
        return [math.log(formula(ranks, size, network) / seconds) for ranks, size, seconds in measured]

    best, span = (math.log(1e-4), math.log(1e7)), 6.0
    while span > 1e-4:
        near = [(best[0] + i * span / 8, best[1] + j * span / 8) for i in range(-8, 9) for j in range(-8, 9)]
        best = min(near, key=lambda place: sum(r * r for r in residuals(place)))
        span /= 2
    return Network("", *(math.exp(x) for x in best)), residuals(best)


def wires():
    """Measured rows of each wire."""
    found = {}
    for row in read("rings.csv"):
        found.setdefault((int(row["mbit"]), float(row["delay_ms"])), []).append(row)
    return found


def network(mbit):
    """As fitted here to two ranks, each of which has a core, on the wire without delay."""
    two = [row for row in wires()[(mbit, 0.0)] if row["ranks"] == "2"]
    return fitted(two, ring)[0]._replace(name=f"{mbit} Mbit/s")


def rms(values):
    return math.sqrt(statistics.mean(value * value for value in values))


def fit():
    rows = []
    for (mbit, delay), measured in wires().items():
        for ranks in sorted({row["ranks"] for row in measured}) + ["all"]:
            some = [row for row in measured if ranks in ("all", row["ranks"])]
            found, left = fitted(some, ring)
            worst = max(range(len(left)), key=lambda i: abs(left[i]))
            rows.append([f"{mbit} Mbit/s" + (f", delayed by {delay:g} ms" if delay else ""), ranks, f"{found.latency * 1e6:,.0f}",
                         f"{found.bandwidth / 1e6:.1f} ({found.bandwidth * 8 / mbit / 1e4:.0f} %)", f"{100 * rms(left):.0f} %",
                         f"{100 * math.expm1(left[worst]):+.0f} % ({some[worst]['ranks']} ranks, {int(some[worst]['bytes']):,} bytes)",
                         f"{100 * rms(fitted(some, usual)[1]):.0f} %"])
    print_table(["wire", "ranks", "α, µs", "β, MB/s (of the wire)", "residual, r.m.s.", "largest", "r.m.s. of the usual formula"], rows)


def computed():
    """Of cnn: by a rank's samples, seconds forward, [(seconds, bytes)] backward, seconds for update and between steps."""
    found = {}
    for row in read("segments.csv"):
        forward, backward, update = found.setdefault(int(row["samples"]), [0.0, [], 0.0])
        found[int(row["samples"])][0] = forward + float(row["forward_ms"]) / 1e3
        found[int(row["samples"])][2] = update + float(row["update_ms"]) / 1e3
        if row["segment"] != "between":
            backward.insert(0, (float(row["backward_ms"]) / 1e3, CNN[int(row["segment"])]))
    return found


def steps():
    rows = []
    share = {row["mbit"]: float(row["share"]) for row in read("taken.csv")}
    for row in read("steps.csv"):
        wire, measured = network(int(row["mbit"])), float(row["seconds"])
        forward, backward, update = computed()[int(row["batch"]) // 2]
        alone = forward + sum(seconds for seconds, _ in backward) + update
        models = [step(forward, backward, update, 2, wire, taken=taken) for taken in (0.0, share[row["mbit"]])]
        apart = alone + ring(2, sum(CNN.values()), wire)
        rows.append([wire.name, row["batch"], *(f"{1e3 * x:.1f}" for x in (alone, apart, *models, measured)),
                     " / ".join(f"{100 * (model / measured - 1):+.0f}" for model in models) + " %"])
    print_table(["wire", "batch", "computing alone, ms", "and sums after it, ms", "model, ms", "with what the wire takes, ms", "measured, ms",
                 "off by"], rows)
    print("\nTaken: " + ", ".join(f"{100 * part:.0f} % at {mbit} Mbit/s" for mbit, part in share.items()) + ".")


# ---- predicted

RANKS = [8, 64, 512, 4096]
TCP = 1.2e9  # bytes a second each way: what our ring over TCP moves between two processes, docs/performance.md
NCCL = 9.6e-6  # seconds: a step of a ring between nodes, protocol Simple, in NCCL's own tuner
GOODPUT = 1448 / 1538  # of a wire's bits, with frames of 1,500 bytes


def networks():
    ours = network(1000)
    return [ours._replace(name="1 Gbit/s, our ring"),
            ours._replace(name="10 Gbit/s, our ring", bandwidth=min(TCP, 1.25e9 * GOODPUT)),
            Network("25 Gbit/s, NCCL", NCCL, 25e9 / 8 * GOODPUT), Network("100 Gbit/s, NCCL", NCCL, 100e9 / 8 * GOODPUT)]


class Model:
    """
    A network on a rank.

    samples: of a rank in weak scaling
    all_samples: of a step in strong scaling
    computing: seconds a sample forward, [(seconds a sample, bytes)] backward, seconds for update
    """

    def __init__(self, name, samples, all_samples, computing, bucket=BUCKET):
        self.name, self.samples, self.all_samples, self.bucket = name, samples, all_samples, bucket
        self.forward, self.backward, self.update = computing
        self.bytes = sum(size for _, size in self.backward)

    def alone(self, samples):
        return samples * (self.forward + sum(seconds for seconds, _ in self.backward)) + self.update

    def step(self, samples, ranks, wire, reduce=ring):
        backward = [(samples * seconds, size) for seconds, size in self.backward]
        return step(samples * self.forward, backward, self.update, ranks, wire, self.bucket, reduce)

    def apart(self, samples, ranks, wire, reduce=ring):
        """Where nothing is hidden, and all gradients are one bucket."""
        return self.alone(samples) + reduce(ranks, self.bytes, wire)


def evenly(rate, parameters, forward=1 / 3):
    """Layers that compute as long as each other; rate: samples a second; parameters: of each, last layer first."""
    return forward / rate, [((1 - forward) / rate / len(parameters), 4 * count) for count in parameters], 0.0


def models():
    samples = 512
    forward, backward, update = computed()[samples]
    cnn = forward / samples, [(seconds / samples, size) for seconds, size in backward], update
    return [Model("`cnn`", 512, 8192, cnn), Model("`resnet20`", 128, 8192, evenly(801, RESNET20, 0.3)),
            Model("ResNet-50, buckets of 1 MiB", 64, 32768, evenly(219, RESNET50)),
            Model("ResNet-50, buckets of 25 MiB", 64, 32768, evenly(219, RESNET50), MIB25)]


def weak():
    print_table(["network, samples a rank", "wire", *(f"{ranks} ranks" for ranks in RANKS)],
                [[f"{model.name}, {model.samples}", wire.name,
                  *(f"{100 * model.alone(model.samples) / model.step(model.samples, ranks, wire):.0f} %" for ranks in RANKS)]
                 for model in models() for wire in networks()])


def strong():
    print_table(["network, samples a step", "wire", *(f"{ranks} ranks" for ranks in RANKS)],
                [[f"{model.name}, {model.all_samples:,}", wire.name,
                  *(f"{model.alone(model.all_samples) / model.step(model.all_samples / ranks, ranks, wire):,.0f}" for ranks in RANKS)]
                 for model in models() for wire in networks()])


def two_levels(ranks, size, wire, inside=8, speed=Network("", 3.4e-6, 100e9)):
    """A ring within each host of so many ranks (NVLink: NCCL's constant, 100 GB/s), and rings over the hosts that share its wire."""
    return ring(inside, size, speed) + ring(ranks // inside, size, wire)


def limit():
    rows = []
    for model in models()[::2]:
        for wire in networks():
            most = [size / wire.latency / wire.bandwidth for size in (model.bytes, BUCKET)]
            rows.append([model.name.split(",")[0], wire.name, " / ".join(f"{ranks:,.0f}" for ranks in most)]
                        + [" / ".join(f"{1e3 * way(ranks, model.bytes, wire):,.1f}" for way in (ring, two_levels, tree))
                           for ranks in RANKS[1:]])
    print_table(["gradients of", "wire", "a chunk takes α at", *(f"{ranks} ranks, ms" for ranks in RANKS[1:])], rows)


def published():
    """Hosts with a wire each; rates of a P100: TensorFlow's benchmarks of May 2017, ResNet-101's from Horovod's page (16 GPUs)."""
    rows = []
    for who, hosts, gbit, name, samples, rate, parameters, reported in [
            ("Goyal et al. 2017", 32, 50, "ResNet-50", 32, 195, 25_557_032, "~90 %, from 8 GPUs"),
            ("Horovod", 128, 25, "Inception V3", 64, 142, 23_834_568, "90 %"),
            ("Horovod", 128, 25, "ResNet-101", 64, 1656.82 / 16, 44_549_160, "90 %"),
            ("Horovod", 128, 25, "VGG-16", 64, 154, 138_357_544, "68 %"),
            ("PyTorch DDP, wire and card assumed", 32, 100, "ResNet-50", 32, 195, 25_557_032, "“near-linear”")]:
        model = Model(name, samples, 0, evenly(rate, [parameters / 50] * 50), MIB25)
        wire = Network("", NCCL, gbit * 1e9 / 8 * GOODPUT)
        shares = [model.alone(samples) / time(samples, hosts, wire) for time in (model.apart, model.step)]
        rows.append([who, f"{hosts}, {gbit} Gbit/s", name, *(f"{100 * share:.0f} %" for share in shares), reported])
    print_table(["who", "hosts", "network", "nothing hidden", "all hidden that can be", "reported"], rows)


def sieve():
    cnn, rows = models()[0], []
    half = [(seconds / 2, size) for seconds, size in cnn.backward]
    for ranks, wire in [(2, network(1000)), (2, network(100)), (2, network(100)._replace(name="10 Mbit/s", bandwidth=1.19e6)),
                        (64, networks()[0]), (64, networks()[1])]:
        for samples in (4096, 256):
            full = cnn.step(samples, ranks, wire)
            chosen = step(samples * cnn.forward, [(samples * seconds, size) for seconds, size in half], cnn.update, ranks, wire)
            rows.append([f"{ranks}, {wire.name}", samples, f"{1e3 * full:.0f}", f"{100 * (1 - cnn.alone(samples) / full):.0f} %",
                         f"{cnn.step(samples / 2, ranks, wire) / full:.2f}", "0.50", f"{chosen / full:.2f}"])
    print_table(["ranks, wire", "samples a rank", "full step, ms", "of it waiting", "`variance`, `steps=same`", "`steps=fewer`", "`batch`"], rows)


TABLES = [fit, steps, weak, strong, limit, published, sieve]
chosen = [table for table in TABLES if table.__name__ in sys.argv[1:]]
if not chosen:
    sys.exit(__doc__)
for table in chosen:
    table()
