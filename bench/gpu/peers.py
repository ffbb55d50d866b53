#!/usr/bin/env python3
"""What a GPU backend has to beat: the card's ceilings, PyTorch's training steps and per-sample gradient norms, cuDNN's convolutions.

peers.py [--out FILE] [--parts ceilings,steps,norms,convs] [--only REGEX] [--seconds-budget N]; --device cpu --quick tries the program itself.
A cell that fails keeps its error as text and the next one runs; the JSON file is written anew after every cell.
"""

import argparse
import datetime
import gc
import itertools
import json
import math
import platform
import subprocess
import sys
import time

try:
    from cells import Bench, describe
except ImportError as missing:
    sys.exit(f"peers.py measures PyTorch, which this Python cannot import: {missing}")
import torch
from torch.nn import functional as F

from sample_norms import NORM_MODES, check_norms, measure_norms
from tables import print_ceilings, print_convs, print_norms, print_rest, print_steps
from training import CONVOLUTIONS, MODELS, Training, channels_last, why_not_fused

DTYPES = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16}


# ceilings ---------------------------------------------------------------------------------------------------------------

def about(bench):
    facts = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "torch": torch.__version__, "python": platform.python_version(), "device": str(bench.device)}
    if bench.cuda:
        card = torch.cuda.get_device_properties(bench.device)
        facts.update(
            device=card.name, memory_bytes=card.total_memory, multiprocessors=card.multi_processor_count,
            l2_bytes=getattr(card, "L2_cache_size", None), cuda=torch.version.cuda, cudnn=torch.backends.cudnn.version())
        try:
            facts["driver"] = subprocess.run(
                ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
                capture_output=True, text=True, timeout=20, check=True).stdout.strip()
        except (OSError, subprocess.SubprocessError) as error:
            facts["driver"] = describe(error)
    return facts


def measure_bytes(bench, triad):
    count = (1 << 20) if bench.quick else (1 << 28)  # floats: 1 GiB an array
    a, b, c = torch.empty(count, device=bench.device), *(torch.randn(count, device=bench.device) for _ in range(2))
    times = bench.time((lambda: torch.add(b, c, alpha=3.0, out=a)) if triad else (lambda: a.copy_(b)), 5, 0.1)
    return {**times, "gb_per_second": (3 if triad else 2) * 4e-9 * count / times["seconds"]}


def measure_product(bench, precision):
    bench.precision(precision)
    n = 256 if bench.quick else 8192
    a, b = (torch.randn(n, n, device=bench.device).to(DTYPES[precision]) for _ in range(2))
    c = torch.empty_like(a)
    times = bench.time(lambda: torch.mm(a, b, out=c), 5, 0.1)
    return {**times, "tflop_per_second": 2e-12 * n ** 3 / times["seconds"]}


def run_ceilings(bench):
    for triad in (False, True):
        bench.run({"part": "ceilings", "what": "triad" if triad else "copy"}, 2, lambda: measure_bytes(bench, triad))
    for precision in ("tf32", "bf16", "fp32"):
        bench.run({"part": "ceilings", "what": "product", "precision": precision}, 2,
                  lambda: measure_product(bench, precision))


# training steps ---------------------------------------------------------------------------------------------------------

def measure_step(bench, model, batch, precision, mode):
    training = Training(bench, model, batch, precision)
    windows = 5 if precision == "tf32" else 3
    if mode == "graph":
        return training.measure_captured(training.step, windows)
    if mode == "eager":
        return training.measure(training.step, windows)
    if not hasattr(torch, "compile"):
        raise RuntimeError("this PyTorch has no torch.compile")
    torch.compiler.reset()
    training.call = torch.compile(training.net, dynamic=False)
    start = time.monotonic()
    training.step(training.indices[0])
    bench.sync()
    compiling = time.monotonic() - start
    return {**training.measure(training.step, windows), "compile_seconds": compiling}


def batches(bench, *full):
    return (8, 16)[: len(full)] if bench.quick else full


def run_steps(bench, precision):
    for model in MODELS:
        for batch in batches(bench, 512, 2048, 128, 8192):
            for mode in ("graph", "eager"):
                bench.run({"part": "steps", "model": model, "batch": batch, "precision": precision, "mode": mode}, 1.5,
                          lambda: measure_step(bench, model, batch, precision, mode))


def run_compiled(bench):
    for batch, model in itertools.product(batches(bench, 512, 8192), ("cnn", "resnet20")):
        bench.run({"part": "steps", "model": model, "batch": batch, "precision": "tf32", "mode": "compile"},
                  10 if model == "cnn" else 25, lambda: measure_step(bench, model, batch, "tf32", "compile"))


# per-sample gradient norms ----------------------------------------------------------------------------------------------

def run_norms(bench):
    for model in MODELS:
        bench.run({"part": "norms", "model": model, "mode": "check"}, 2, lambda: check_norms(bench, model))
    for model in MODELS:
        for batch in batches(bench, 512, 2048, 128):
            for mode in NORM_MODES[: -1 if model == "resnet20" else None]:
                bench.run({"part": "norms", "model": model, "batch": batch, "mode": mode}, 2,
                          lambda: measure_norms(bench, model, batch, mode))


# convolutions alone -----------------------------------------------------------------------------------------------------

def measure_conv(bench, c, size, filters, kernel, stride, precision):
    bench.precision(precision)
    batch, out, dtype = 4 if bench.quick else 1024, size // stride, DTYPES[precision]
    width = torch.finfo(dtype).bits // 8
    # A 1×1 filter of stride 2 never touches three pixels of four.
    read, full, result = batch * c * (out if kernel < stride else size) ** 2, batch * c * size ** 2, batch * filters * out ** 2
    weights = filters * c * kernel ** 2
    # Sets take turns, so that together they are several times the L2 cache.
    sets = max(2, min(8, math.ceil(3e8 / (width * (full + result)))))
    xs = [channels_last((batch, c, size, size), bench.device, dtype) for _ in range(sets)]
    ds = [channels_last((batch, filters, out, out), bench.device, dtype) for _ in range(sets)]
    w = channels_last((filters, c, kernel, kernel), bench.device, dtype)
    strides, padding, zero, one = [stride] * 2, [kernel // 2] * 2, [0, 0], [1, 1]

    def backward(i, mask):
        return torch.ops.aten.convolution_backward(ds[i], xs[i], w, None, strides, padding, one, False, zero, 1, mask)

    passes = {  # name: call, numbers moved at least
        "forward": (lambda i: F.conv2d(xs[i], w, None, strides, padding), read + weights + result),
        "input": (lambda i: backward(i, [True, False, False])[0], result + weights + full),
        "weights": (lambda i: backward(i, [False, True, False])[1], result + weights + read)}
    product = bench.cells("ceilings", what="product", precision=precision)
    copy = bench.cells("ceilings", what="copy")
    flop = 2.0 * result * c * kernel ** 2
    outcome = {"passes": {}}
    for name, (call, numbers) in passes.items():
        outs = [None] * sets  # kept, so that results take turns in memory too
        calls = sets * math.ceil(8 / sets)

        def several():
            for i in range(calls):
                outs[i % sets] = call(i % sets)

        entry = outcome["passes"][name] = {}
        try:
            step = bench.capture(several).replay if bench.cuda else several  # a graph: no launch gaps
            times = bench.time(step, 3, 0.03)
            seconds = times["seconds"] / calls
            entry.update(seconds=seconds, fastest=times["fastest"] / calls, slowest=times["slowest"] / calls,
                         tflop_per_second=flop * 1e-12 / seconds, gb_per_second=numbers * width * 1e-9 / seconds)
            if product and copy:
                floors = flop * 1e-12 / product[0]["tflop_per_second"], numbers * width * 1e-9 / copy[0]["gb_per_second"]
                entry.update(floor_seconds=max(floors), floor="flop" if floors[0] > floors[1] else "bytes",
                             share=max(floors) / seconds)
        except Exception as error:
            entry["error"] = describe(error)
    failed = [f"{name}: {entry['error']}" for name, entry in outcome["passes"].items() if "error" in entry]
    if len(failed) == len(passes):
        raise RuntimeError("; ".join(failed))
    return outcome


def run_convs(bench):
    for precision, (model, *shape) in itertools.product(("tf32", "bf16", "fp32"), CONVOLUTIONS):
        c, size, filters, kernel, stride = shape
        layer = f"{model} {c}→{filters} {kernel}×{kernel}{f' stride {stride}' if stride > 1 else ''} at {size}²"
        bench.run({"part": "convs", "layer": layer, "precision": precision}, 1,
                  lambda: measure_conv(bench, *shape, precision))


def main():
    parser = argparse.ArgumentParser(description="Ceilings of the card, and what PyTorch and cuDNN reach on it.")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="tiny sizes and short windows: tries the program, measures nothing")
    parser.add_argument("--parts", default="ceilings,steps,norms,convs")
    parser.add_argument("--seconds-budget", type=float, default=300, help="start no cell that would end later")
    parser.add_argument("--only", default="", metavar="REGEX", help="cells whose name has the pattern, such as 'steps cnn .* graph'")
    parser.add_argument("--out", help="the JSON file")
    args = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")  # the tables hold µ, · and ², whatever the locale
    parts = args.parts.split(",")
    unknown = set(parts) - {"ceilings", "steps", "norms", "convs"}
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        sys.exit("PyTorch sees no CUDA device here; --device cpu --quick tries the program")
    bench = Bench(args)
    torch.backends.cudnn.benchmark = True
    why_not = why_not_fused(bench)
    bench.fused = why_not is None
    bench.record["about"] = {**about(bench), "optimizer": "SGD, fused" if bench.fused else f"SGD, foreach; fused: {why_not}"}
    print(json.dumps(bench.record["about"]), file=sys.stderr)
    gc.freeze()  # the libraries stay out of the collections between cells
    # In order of importance: what the budget cuts off comes last.
    plan = [("ceilings", lambda: run_ceilings(bench)), ("steps", lambda: run_steps(bench, "tf32")),
            ("norms", lambda: run_norms(bench)), ("convs", lambda: run_convs(bench)),
            ("steps", lambda: run_steps(bench, "bf16")), ("steps", lambda: run_steps(bench, "fp32")),
            ("steps", lambda: run_compiled(bench))]
    for part, work in plan:
        if part in parts:
            work()
    for show in (print_ceilings, print_steps, print_norms, print_convs, print_rest):
        show(bench)


if __name__ == "__main__":
    main()
