"""PyTorch's side of steps.py: windows of one training step in one mode."""

import argparse
import contextlib
import gc
import math
import time

import torch

from cells import Bench, describe
from sample_norms import ghost, vmapped
from training import Training, why_not_fused

MOST_GHOST = 2048  # hooks unfold every convolution's input: beyond this batch that is the card's memory
COMPILED = (512, 8192)  # torch.compile takes 6 to 19 s a model and batch, so not all


def plain_modes(cell):
    return ("graph", "eager", *(("compile",) if cell["batch"] in COMPILED and cell["model"] != "mlp" else ()))


def norm_modes(cell):
    """Modes with per-sample norms; torch.func cannot have batch norm."""
    if cell["precision"] != "tf32" or cell["batch"] > MOST_GHOST:
        return ()
    return ("ghost graph", "ghost", *(() if cell["model"] == "resnet20" else ("vmap",)))


class Side:
    """A training whose step is called until a window is full."""

    def __init__(self, bench, model, batch, precision, mode):
        layout = torch.contiguous_format if mode == "vmap" else torch.channels_last
        self.bench, self.batch, self.precision = bench, batch, precision
        self.training = Training(bench, model, batch, precision, layout)
        if mode.startswith("ghost"):
            self.step = ghost(self.training)[1]
        elif mode == "vmap":
            self.step = vmapped(self.training)[1]
        else:
            self.step = self.training.step
        if mode == "compile":
            torch.compiler.reset()
            self.training.call = torch.compile(self.training.net, dynamic=False)
        if mode.endswith("graph"):
            self.step = self.replay(self.step)

    def replay(self, step):
        index = self.training.indices[0].clone()
        graph = self.bench.capture(lambda: step(index))

        def replayed(chosen):
            index.copy_(chosen)
            graph.replay()

        return replayed

    def once(self):
        self.step(next(self.training.turns))

    def window(self, steps, seconds):
        """Like the engine's: so many steps at least, and about so many seconds."""
        self.bench.precision(self.precision)
        self.once()
        self.bench.sync()
        start = time.perf_counter()
        self.once()
        self.bench.sync()
        calls = max(steps, math.ceil(seconds / (time.perf_counter() - start)))
        return {"steps": calls, "samples": calls * self.batch, "seconds": self.bench.elapsed(self.once, calls)}


class Peers:
    def __init__(self, args):
        self.bench = Bench(argparse.Namespace(quick=args.tiny, device=args.device, out=None, only="", seconds_budget=0))
        torch.backends.cudnn.benchmark = True
        self.bench.fused = why_not_fused(self.bench) is None

    describe = staticmethod(describe)

    def side(self, model, batch, precision, mode):
        return Side(self.bench, model, batch, precision, mode)

    def free(self):
        gc.collect()
        with contextlib.suppress(RuntimeError):  # after an illegal access this fails too
            torch.cuda.empty_cache()
