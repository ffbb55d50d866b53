"""Device, clock and record of a measurement made of cells: one that fails keeps its error as text, and the next one runs."""

import contextlib
import gc
import json
import os
import re
import statistics
import sys
import time

STARTED = time.monotonic()  # importing PyTorch counts

import torch


class Bench:
    """Device, clock and the record of the cells. rows: the data sets that training has made on the device."""

    def __init__(self, args):
        self.args = args
        self.quick = args.quick
        self.device = torch.device(args.device)
        self.cuda = self.device.type == "cuda"
        self.rows = {}
        self.record = {"about": {}, "cells": []}
        self.fused = False

    def sync(self):
        if self.cuda:
            torch.cuda.synchronize()

    def precision(self, name):
        # Only the older switches: PyTorch 2.9 and later refuse a mix of these with fp32_precision.
        torch.backends.cuda.matmul.allow_tf32 = name != "fp32"
        torch.backends.cudnn.allow_tf32 = name != "fp32"

    def elapsed(self, step, calls):
        if not self.cuda:
            start = time.perf_counter()
            for _ in range(calls):
                step()
            return time.perf_counter() - start
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(calls):
            step()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / 1e3

    def time(self, step, windows=5, window=0.15):
        """Seconds a call, median and extremes of the windows. The first calls warm up: cuDNN tries its algorithms there."""
        if self.quick:
            windows, window = 2, 0.02
        for _ in range(3):
            step()
        self.sync()
        calls = max(1, int(0.02 / max(self.elapsed(step, 1), 1e-6)))
        once = self.elapsed(step, calls) / calls
        calls = max(1, round(window / max(once, 1e-7)))
        times = [self.elapsed(step, calls) / calls for _ in range(windows)]
        return {"seconds": statistics.median(times), "fastest": min(times), "slowest": max(times), "calls": calls}

    def memory(self):
        return torch.cuda.memory_allocated() if self.cuda else 0

    def reset_peak(self):
        if self.cuda:
            torch.cuda.reset_peak_memory_stats()

    def peak(self, base):
        return torch.cuda.max_memory_allocated() - base if self.cuda else None

    def capture(self, step):
        """step as a CUDA graph, after three runs on a side stream as PyTorch's notes ask; resets the peak before capture."""
        if not self.cuda:
            raise RuntimeError("CUDA graphs need cuda")
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(side)
        self.sync()
        self.reset_peak()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step()
        return graph

    def flush(self):
        if self.args.out:
            with open(self.args.out + ".part", "w", encoding="utf-8") as file:
                json.dump(self.record, file, indent=1)
            os.replace(self.args.out + ".part", self.args.out)

    def run(self, cell, expected, measure):
        """One cell. expected: its seconds, more or less; a cell that would end beyond the budget does not start."""
        name = " ".join(str(value) for value in cell.values())
        if not re.search(self.args.only, name):
            return
        elapsed = time.monotonic() - STARTED
        if elapsed + expected > self.args.seconds_budget:
            cell["status"] = "not run"
        else:
            try:
                cell.update(measure())
                self.sync()
                cell["status"] = "ok"
            except Exception as error:  # every failure is a result: the machine is ours for minutes
                cell["status"] = "error"
                cell["error"] = describe(error)
            with contextlib.suppress(Exception):  # after an illegal access these fail too
                gc.collect()
                if self.cuda:
                    torch.cuda.empty_cache()
            cell["took"] = round(time.monotonic() - STARTED - elapsed, 2)
            print(f"{elapsed:6.1f} s  {name}: {cell.get('error') or 'ok'}", file=sys.stderr, flush=True)
        self.record["cells"].append(cell)
        self.flush()

    def cells(self, part, **wanted):
        return [cell for cell in self.record["cells"] if cell["part"] == part and cell["status"] == "ok"
                and all(cell.get(key) == value for key, value in wanted.items())]


def describe(error):
    """Type and first lines; with the error before it, which a capture that ends badly hides."""
    text = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    before = error.__cause__ or error.__context__
    return text if before is None else f"{text} (after {type(before).__name__}: {' '.join(str(before).split())[:300]})"
