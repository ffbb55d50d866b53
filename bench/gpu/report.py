#!/usr/bin/env python3
"""What run.sh's parts have to say.

report.py part OUT NAME STATUS SECONDS WHY   writes OUT/NAME.json: status, why, seconds, and OUT/NAME.data.json as its data
report.py table OUT NAME…                    prints the parts as a table
report.py kernels OUT                        rows of OUT/kernel-times.txt as data; prints those far from what a copy reaches
"""

import json
import pathlib
import re
import sys

FAR = 85  # % of a copy's bytes a second: what a kernel that is bound by memory should reach


def table(title, head, rows):
    """A Markdown table on standard output; none without rows."""
    if rows:
        lines = [head, *rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        lines.insert(1, ["-" * width for width in widths])
        print(f"\n{title}\n")
        for line in lines:
            print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")


def write_part(out, name, status, seconds, why):
    data = out / f"{name}.data.json"
    record = {"part": name, "status": status, "seconds": int(seconds), "why": why,
              "data": json.loads(data.read_text(encoding="utf-8")) if data.exists() else None}
    (out / f"{name}.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    data.unlink(missing_ok=True)


def print_parts(out, names):
    records = [json.loads((out / f"{name}.json").read_text(encoding="utf-8")) for name in names]
    table("Parts", ["part", "status", "s", "why"],
          [[r["part"], r["status"], str(r["seconds"]), r["why"]] for r in records])


def kernel_rows(text):
    """What `kernel-cases-cuda time` printed: operation, shape, µs, GFLOP/s, GB/s and the share of a copy."""
    rows = []
    for line in text.splitlines():
        found = re.fullmatch(r"(\S+) +(\S.*?) +([\d.]+) +([\d.]+) +([\d.]+) +(\d+)%", line)
        if found:
            operation, shape, *figures = found.groups()
            rows.append({"operation": operation, "shape": shape,
                         **dict(zip(("us", "gflops", "gbytes", "percent_of_copy"), map(float, figures)))})
    return rows


def print_kernels(out):
    rows = kernel_rows((out / "kernel-times.txt").read_text(encoding="utf-8"))
    (out / "kernel-times.data.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    slow = sorted((row for row in rows if row["percent_of_copy"] < FAR), key=lambda row: row["percent_of_copy"])
    table(f"Below {FAR} % of a copy (those bound by arithmetic among them)", ["operation", "shape", "µs", "GFLOP/s", "of copy"],
          [[row["operation"], row["shape"], f"{row['us']:.1f}", f"{row['gflops']:,.0f}", f"{row['percent_of_copy']:.0f} %"]
           for row in slow])


def main(command, out, *words):
    sys.stdout.reconfigure(encoding="utf-8")
    {"part": write_part, "table": lambda out, *names: print_parts(out, names), "kernels": print_kernels}[command](
        pathlib.Path(out), *words)


if __name__ == "__main__":
    main(*sys.argv[1:])
