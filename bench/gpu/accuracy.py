#!/usr/bin/env python3
"""Trains on a device and on the CPU with the same seeds: the same accuracy, and twice the same bits.

accuracy.py OUT [--device cuda:0] [--tiny]; $GRADSIEVE_DATA has fashion-mnist and cifar10. OUT/training.data.json has all figures.
Exit code 1: a run failed, learned less than on the CPU, or two runs of the same seed differ.
"""

import argparse
import json
import math
import os
import pathlib
import signal
import sys

from engine import EngineError, on, train
from report import table

# data, model, options, test samples of the package
RUNS = [
    ("fashion-mnist", "mlp", {"epochs": 6}, 2000),
    ("fashion-mnist", "cnn", {"epochs": 5}, 2000),
    ("cifar10", "resnet20", {"epochs": 8, "augment": "crop+flip"}, 1000)]
TINY = [("digits", "mlp", {"epochs": 2, "batch_size": 256}, 359)]


def tolerance(accuracy, samples):
    """Three standard deviations of a difference of two accuracies that are each measured on so many samples."""
    return 3 * math.sqrt(2 * max(accuracy * (1 - accuracy), 0.01) / samples)


def compare(out, device, data, model, options, samples):
    """One line of the table, and what is wrong with it."""
    options = {"data": data, "model": model, "sieve": "none", "seed": 7, **options}
    variants = {"cpu": on("cpu", "fp32"), "fp32": on(device, "fp32"), "fp32 again": on(device, "fp32"), "tf32": on(device, "tf32")}
    cell = {"data": data, "model": model, "runs": {}, "wrong": []}
    runs = cell["runs"]
    for name, place in variants.items():
        try:
            runs[name] = train(out / "runs" / f"{data}-{model}-{name.replace(' ', '-')}", **options, **place)
        except EngineError as error:
            cell["wrong"].append(f"{name}: {error}")
    if "cpu" in runs:
        wanted = runs["cpu"]["test_accuracy"]
        for name, run in runs.items():
            if run["test_accuracy"] < wanted - tolerance(wanted, samples):
                cell["wrong"].append(f"{name}: accuracy {run['test_accuracy']:.4f}, on the CPU {wanted:.4f}")
    if {"fp32", "fp32 again"} <= runs.keys() and runs["fp32"]["weights"] != runs["fp32 again"]["weights"]:
        cell["wrong"].append("two runs in fp32 have different weights")
    return cell


def show(cell, name):
    run = cell["runs"].get(name)
    return f"{run['test_accuracy']:.4f} · {run['samples_per_second']:,.0f}" if run else "failed"


def print_cells(cells, device):
    """Whether all was fine."""
    names = ["cpu", "fp32", "tf32"]
    table(f"Test accuracy · samples/s, {device} beside the CPU", ["data", "model", *names],
          [[cell["data"], cell["model"], *(show(cell, name) for name in names)] for cell in cells])
    wrong = [f"{cell['data']} {cell['model']}: {what}" for cell in cells for what in cell["wrong"]]
    print("\n" + ("\n".join(wrong) or "two runs of the same seed have the same weights" if cells else "nothing was run"))
    return bool(cells) and not wrong


def main():
    parser = argparse.ArgumentParser(description="Accuracy on a device beside the CPU's.")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--tiny", action="store_true", help="tries the program")
    args = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    # What run.sh's time limit ends has its table all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    cells = []
    here = pathlib.Path(os.environ.get("GRADSIEVE_DATA", "."))
    try:
        for data, model, options, samples in TINY if args.tiny else RUNS:
            if data != "digits" and not any((here / data).glob("t*")):
                print(f"{data} {model}: not run, for {here} has no {data}")
                continue
            cells.append(compare(args.out, args.device, data, model, options, samples))
            (args.out / "training.data.json").write_text(json.dumps(cells, indent=1), encoding="utf-8")
    finally:
        fine = print_cells(cells, args.device)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
