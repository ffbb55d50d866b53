#!/usr/bin/env python3
"""Training steps: the engine, with norms and without, beside the best that PyTorch has, by turns in one sitting.

steps.py OUT [--device cuda:0] [--seconds-budget N] [--tiny]; OUT/step-times.data.json has every window. Each of PyTorch's modes is
tried alone (eager, CUDA graph, torch.compile; with per-sample norms hooks, hooks in a graph, torch.func), the fastest of each kind
takes turns with the engine. Without PyTorch the engine is measured alone. Exit code 1: the engine failed somewhere.
"""

import argparse
import contextlib
import gc
import itertools
import json
import pathlib
import signal
import statistics
import sys
import time

STARTED = time.monotonic()

from engine import StepWindows, on
from report import table

try:
    from peer_steps import norm_modes, plain_modes, Peers
except ImportError as missing:
    Peers, NO_PEERS = None, f"no PyTorch here: {missing}"

MODELS = ("mlp", "cnn", "resnet20")
BATCHES = (512, 8192, 2048, 128)
# Steps and seconds at least; the engine's warm-up is longer, for Java compiles what is hot.
WARM = (10, 1.0)
PEER_WARM = (10, 0.3)
WINDOW = (8, 0.2)
TINY = (5, 0.02)
ROUNDS = 5


def rate(window):
    return window["samples"] / window["seconds"]


class Sitting:
    def __init__(self, args):
        self.args = args
        self.rounds, self.window = (2, TINY) if args.tiny else (ROUNDS, WINDOW)
        self.warm, self.peer_warm = (TINY, TINY) if args.tiny else (WARM, PEER_WARM)
        self.peers = Peers(args) if Peers and args.device.startswith("cuda") and not args.emulated else None
        self.cells = []

    def spent(self):
        return time.monotonic() - STARTED

    def flush(self):
        (self.args.out / "step-times.data.json").write_text(json.dumps(self.cells, indent=1), encoding="utf-8")

    def fastest(self, cell, kind, modes):
        """The fastest of these modes, warm; None if there is none. What each reached alone, or why not, stays in the cell."""
        best, best_rate = None, 0.0
        for mode in modes:
            try:
                side = self.peers.side(cell["model"], cell["batch"], cell["precision"], mode)
                side.window(*self.peer_warm)
                reached = rate(side.window(*self.window))
                cell["trials"][mode] = reached
            except Exception as error:  # each failure is a result
                side, reached = None, 0.0
                cell["trials"][mode] = self.peers.describe(error)
            if reached > best_rate:
                best, best_rate, cell[kind] = side, reached, mode
            del side
            self.peers.free()
        return best

    def measure(self, cell):
        """Windows of all sides by turns; the rates of neighbours make the ratios."""
        options = {**on(self.args.device, cell["precision"])}
        if self.args.tiny:
            options["samples"] = 4 * cell["batch"]
        sides = {}
        if self.peers:
            sides["peer"] = self.fastest(cell, "peer", plain_modes(cell))
            sides["peer norms"] = self.fastest(cell, "peer norms", norm_modes(cell))
        with contextlib.ExitStack() as open_sides:
            for name, norms in (("engine", True), ("engine, norms off", False)):
                sides[name] = open_sides.enter_context(StepWindows(cell["model"], cell["batch"], norms, **options))
            for name in ("engine", "engine, norms off"):
                sides[name].ready()
                sides[name].window(*self.warm)
            sides = {name: side for name, side in sides.items() if side}
            windows = {name: [] for name in sides}
            for _ in range(self.rounds):
                for name, side in sides.items():
                    windows[name].append(side.window(*self.window))
        cell["windows"] = windows
        cell["rates"] = {name: statistics.median(map(rate, own)) for name, own in windows.items()}
        cell["with what lies between epochs"] = statistics.median(
            window["all_samples"] / window["all_seconds"] for window in windows["engine"])
        for peer, engine in (("peer", "engine"), ("peer norms", "engine"), ("engine, norms off", "engine")):
            if peer in windows:
                cell[f"{engine} to {peer}"] = statistics.median(
                    rate(ours) / rate(theirs) for ours, theirs in zip(windows[engine], windows[peer]))

    def run(self):
        plan = [(model, batch, precision) for precision in ("tf32", "fp32") for batch in BATCHES for model in MODELS]
        if self.args.tiny:
            plan = [("mlp", 64, "fp32")]
        for model, batch, precision in plan:
            cell = {"model": model, "batch": batch, "precision": precision, "trials": {}}
            before = self.spent()
            if before > self.args.seconds_budget:
                cell["status"] = "not run"
            else:
                try:
                    self.measure(cell)
                    cell["status"] = "ok"
                except Exception as error:  # the next cell may do better
                    cell["status"], cell["error"] = "error", f"{type(error).__name__}: {error}"
                gc.collect()
                print(f"{before:6.1f} s  {model} {batch} {precision}: {cell.get('error', 'ok')}", file=sys.stderr, flush=True)
            self.cells.append(cell)
            self.flush()


def show(cell, name):
    return f"{cell['rates'][name]:,.0f}" if name in cell["rates"] else "–"


def beside(cell, name):
    if name not in cell["rates"]:
        return "–"
    return f"{show(cell, name)} {cell[name]} · {cell[f'engine to {name}']:.2f}×"


def print_cells(cells):
    done = [cell for cell in cells if cell["status"] == "ok"]
    done.sort(key=lambda cell: (cell["precision"], MODELS.index(cell["model"]), cell["batch"]))
    rows = [[cell["precision"], cell["model"], str(cell["batch"]), show(cell, "engine"), show(cell, "engine, norms off"),
             f"{100 / cell['engine to engine, norms off'] - 100:+.1f} %", f"{cell['with what lies between epochs']:,.0f}",
             beside(cell, "peer"), beside(cell, "peer norms")] for cell in done]
    table("Training steps, samples/s; PyTorch's fastest, and how many times as fast the engine with norms is",
          ["precision", "model", "batch", "engine, norms on", "norms off", "norms cost", "between epochs too", "PyTorch, no norms",
           "PyTorch with norms"], rows)
    for status, group in itertools.groupby(sorted((c for c in cells if c["status"] != "ok"), key=lambda c: c["status"]),
                                           key=lambda c: c["status"]):
        names = [f"{c['model']} {c['batch']} {c['precision']}{': ' + c['error'] if 'error' in c else ''}" for c in group]
        print(f"\n{status}: " + "; ".join(names))


def main():
    parser = argparse.ArgumentParser(description="The engine's training steps beside PyTorch's.")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--seconds-budget", type=float, default=450, help="start no cell later")
    parser.add_argument("--tiny", action="store_true", help="tries the program")
    parser.add_argument("--emulated", action="store_true", help="the device is no card: PyTorch cannot have it")
    args = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    if not Peers:
        print(NO_PEERS)
    sitting = Sitting(args)
    # What run.sh's time limit ends has its table all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        sitting.run()
    finally:
        print_cells(sitting.cells)
    return 1 if any(cell["status"] == "error" for cell in sitting.cells) else 0


if __name__ == "__main__":
    sys.exit(main())
