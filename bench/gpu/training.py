"""One training step of the built-in models in PyTorch."""

import functools
import itertools
import pathlib
import sys

import torch
from torch.nn import functional as F

from cells import describe

sys.path.append(str(pathlib.Path(__file__).parents[1] / "peers"))
from models import CLASSES, cnn, mlp, resnet20

MODELS = {"mlp": mlp, "cnn": cnn, "resnet20": functools.partial(resnet20, 3, inplace=False)}
SHAPES = {"mlp": (1, 28, 28), "cnn": (1, 28, 28), "resnet20": (3, 32, 32)}  # C, H, W
INDICES = 16  # random batches that take turns
# model, C, H = W, filters, kernel, stride: every distinct convolution of cnn and resnet20, the 3×3 ones of resnet18's middle
CONVOLUTIONS = [
    ("cnn", 1, 28, 32, 3, 1), ("cnn", 32, 14, 64, 3, 1),
    ("resnet20", 3, 32, 16, 3, 1), ("resnet20", 16, 32, 16, 3, 1),
    ("resnet20", 16, 32, 32, 3, 2), ("resnet20", 16, 32, 32, 1, 2), ("resnet20", 32, 16, 32, 3, 1),
    ("resnet20", 32, 16, 64, 3, 2), ("resnet20", 32, 16, 64, 1, 2), ("resnet20", 64, 8, 64, 3, 1),
    ("resnet18", 64, 32, 64, 3, 1), ("resnet18", 128, 16, 128, 3, 1), ("resnet18", 256, 8, 256, 3, 1)]


def channels_last(shape, device, dtype=torch.float32):
    """Random, B×C×H×W as a view of B×H×W×C: with one channel too, where contiguous(memory_format=…) would leave C×H×W."""
    b, c, h, w = shape
    return torch.randn(b, h, w, c, device=device, dtype=dtype).permute(0, 3, 1, 2)


def data(bench, model):
    """Rows H·W·C of floats and labels, on the device: as many as Fashion-MNIST has, many times the L2 cache."""
    c, h, w = SHAPES[model]
    if (c, h, w) not in bench.rows:
        count = 256 if bench.quick else 60000
        bench.rows[c, h, w] = (
            torch.randn(count, h * w * c, device=bench.device), torch.randint(CLASSES, (count,), device=bench.device))
    return bench.rows[c, h, w]


class Training:
    """One model in training: SGD with momentum, cross entropy, batches gathered by random index from rows on the device."""

    def __init__(self, bench, model, batch, precision, layout=torch.channels_last):
        bench.precision(precision)
        self.bench, self.shape, self.batch = bench, SHAPES[model], batch
        self.rows, self.labels = data(bench, model)
        self.base = bench.memory()
        torch.manual_seed(1)
        self.net = MODELS[model]().to(bench.device).to(memory_format=layout).train()
        self.call = self.net
        self.optimizer = optimizer(self.net, bench.fused)
        self.indices = [torch.randint(len(self.rows), (batch,), device=bench.device) for _ in range(INDICES)]
        self.turns = itertools.cycle(self.indices)
        self.bf16 = precision == "bf16"

    def gather(self, index):
        c, h, w = self.shape
        x = self.rows.index_select(0, index).view(-1, h, w, c).permute(0, 3, 1, 2)
        return x, self.labels.index_select(0, index)

    def loss(self, x, y):
        if not self.bf16:
            return F.cross_entropy(self.call(x), y)
        # No cache of cast weights: each is used once, and a cache must not outlive a capture.
        with torch.autocast(self.bench.device.type, dtype=torch.bfloat16, cache_enabled=False):
            return F.cross_entropy(self.call(x), y)

    def step(self, index):
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(*self.gather(index)).backward()
        self.optimizer.step()

    def measure(self, step, windows):
        """Times step, which takes the index of a batch."""
        for _ in range(3):
            step(next(self.turns))
        self.bench.sync()
        self.bench.reset_peak()
        return self.result(self.bench.time(lambda: step(next(self.turns)), windows))

    def measure_captured(self, step, windows):
        """The same of step as a CUDA graph. The index is the graph's static input; gathering is inside."""
        index = self.indices[0].clone()
        graph = self.bench.capture(lambda: step(index))

        def replay():
            index.copy_(next(self.turns))
            graph.replay()

        return self.result(self.bench.time(replay, windows))

    def result(self, times):
        return {**times, "samples_per_second": self.batch / times["seconds"], "peak_bytes": self.bench.peak(self.base)}


def optimizer(net, fused):
    return torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, **({"fused": True} if fused else {"foreach": True}))


def why_not_fused(bench):
    """Why this PyTorch's fused SGD cannot be used, or None: tried once, captured too, for every cell depends on it."""
    try:
        net = cnn().to(bench.device).to(memory_format=torch.channels_last)
        update, x = optimizer(net, True), channels_last((2, 1, 28, 28), bench.device)

        def step():
            update.zero_grad(set_to_none=True)
            net(x).sum().backward()
            update.step()

        bench.capture(step).replay()
        bench.sync()
        return None
    except Exception as error:  # whatever it is, foreach will do
        return describe(error)
