#!/usr/bin/env python3
"""Device memory over 500 steps: it must not grow.

memory.py OUT [--device cuda:0] [--tiny]; OUT/memory.data.json has all figures. After a warm-up neither the bytes in the engine's own
ledger may grow nor, where nvidia-smi tells it, what the card has given to the process; allocations are counted. Exit code 1: one grew, or the engine failed.
"""

import argparse
import json
import pathlib
import subprocess
import sys

from engine import EngineError, StepWindows, on
from report import table

STEPS = 100
WINDOWS = 5


def given(pid):
    """MiB that the card has given to a process, None if nvidia-smi does not tell."""
    try:
        lines = subprocess.run(
            ["nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"],
            capture_output=True, text=True, timeout=20, check=True).stdout.splitlines()
        return next((int(used) for owner, used in (line.split(",") for line in lines) if int(owner) == pid), None)
    except (OSError, subprocess.SubprocessError, ValueError):  # in a container it sees no processes
        return None


def measure(model, batch, tiny, options):
    steps = 10 if tiny else STEPS
    with StepWindows(model, batch, **options, samples=4 * batch if tiny else None) as engine:
        engine.ready()
        samples = []
        for _ in range(1 + WINDOWS):
            window = engine.window(steps, 0)
            samples.append({"bytes": window["bytes"], "allocations": window["allocations"], "card": given(engine.process.pid)})
    warm, *later = samples
    grew = [key for key in ("bytes", "card") if warm[key] is not None and any((s[key] or 0) > warm[key] for s in later)]
    return {"model": model, "batch": batch, "steps": WINDOWS * steps, "samples": samples, "grew": grew}


def main():
    parser = argparse.ArgumentParser(description="Device memory over 500 steps.")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--tiny", action="store_true", help="tries the program")
    args = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    cells = []
    for model, batch in [("mlp", 64)] if args.tiny else [("mlp", 2048), ("cnn", 512), ("resnet20", 512)]:
        try:
            cells.append(measure(model, batch, args.tiny, on(args.device, "tf32")))
        except EngineError as error:
            cells.append({"model": model, "batch": batch, "error": str(error)})
        (args.out / "memory.data.json").write_text(json.dumps(cells, indent=1), encoding="utf-8")
    rows = []
    for cell in cells:
        if "error" in cell:
            rows.append([cell["model"], str(cell["batch"]), "", "", "", "", cell["error"]])
            continue
        first, last = cell["samples"][0], cell["samples"][-1]
        rows.append([cell["model"], str(cell["batch"]), str(cell["steps"]),
                     *(f"{sample['bytes'] / 2 ** 20:,.1f} · {sample['card'] or '–'}" for sample in (first, last)),
                     str(last["allocations"] - first["allocations"]),
                     "grew: " + ", ".join(cell["grew"]) if cell["grew"] else "constant"])
    table("Device memory, MiB by the engine's ledger · by nvidia-smi",
          ["model", "batch", "steps", "before", "after", "allocations", ""], rows)
    return 1 if any(cell.get("grew") or "error" in cell for cell in cells) else 0


if __name__ == "__main__":
    sys.exit(main())
