#!/usr/bin/env python3
"""
The README's picture: python3 bench/experiments/picture.py writes docs/accuracy-against-work.svg.

Accuracy against work, from the committed runs of the grid confirm (Fashion-MNIST, cnn). Work is the time of a run over that of the full
run, as bench/experiments/run counts it: samples times what a sample costs alone. Accuracies are differences to the full run of the same
seed, on the test part; a bar is Student's 95 % interval over ten seeds or more. Needs no package.
"""
import json
import math
import pathlib
import statistics

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNS = ROOT / "bench/experiments/runs/confirm"
COSTS = json.loads((ROOT / "bench/experiments/costs.json").read_text())["cnn"]
STUDENT = {9: 2.262, 19: 2.093}  # two-sided 95 %, by degrees of freedom
SERIES = [  # name, colour, groups
    ("batch", "#b3540a", ["quarter-batch"]),
    ("variance", "#1f5fa8", ["quarter-sieve", "third-sieve"]),
    ("fewer epochs", "#666666", ["quarter-fewer", "third-fewer"]),
]
LABELS = {"batch": (9, -14), "variance": (-48, 12), "fewer epochs": (12, 5)}  # offsets from the last point
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 330, 66, 24, 34, 52
LOWEST, HIGHEST = -1.2, 0.3


def read(group):
    return {run["seed"]: run for run in map(json.loads, (path.read_text() for path in RUNS.glob(f"{group}-seed*.json")))}


def step_cost(batch):
    known = sorted((int(size), cost) for size, cost in COSTS["step"].items())
    for (low, cheap), (high, dear) in zip(known, known[1:]):
        if low <= batch <= high:
            return cheap + (batch - low) / (high - low) * (dear - cheap)
    raise SystemExit(f"batch {batch}: no cost is measured there")


def option(run, name):
    return int(next(text for text in run["options"] if text.startswith(name + "=")).split("=")[1])


def cost(run):
    backward_of_a_step = option(run, "batch-size") * run["share"] * run["fullEpochs"] / option(run, "epochs")
    backward = run["share"] * run["fullSamples"] * step_cost(backward_of_a_step)
    return backward + run["forwardOnly"] * run["fullSamples"] * COSTS["forward"]


def point(group, full):
    """Work, the mean difference in points, half its interval."""
    runs = read(group)
    differences = [100 * (run["test"] - full[seed]["test"]) for seed, run in runs.items()]
    half = STUDENT[len(differences) - 1] * statistics.stdev(differences) / math.sqrt(len(differences))
    work = statistics.mean(cost(run) / cost(full[seed]) for seed, run in runs.items())
    return work, statistics.mean(differences), half


def x(work):
    return LEFT + work / 1.08 * (WIDTH - LEFT - RIGHT)


def y(points):
    return TOP + (HIGHEST - points) / (HIGHEST - LOWEST) * (HEIGHT - TOP - BOTTOM)


def main():
    full = read("full")
    accuracy = 100 * statistics.mean(run["test"] for run in full.values())
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" font-size="13" fill="#222222">',
        "<title>Accuracy against work: Fashion-MNIST, cnn</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]

    def text(where, height, words, anchor="start", more=""):
        out.append(f'<text x="{where:.1f}" y="{height:.1f}" text-anchor="{anchor}"{more}>{words}</text>')

    def line(x1, y1, x2, y2, colour, width=1.0, dashes=""):
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        out.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"{dashed}/>')

    for tick in (-1, -0.5, 0):
        line(LEFT, y(tick), WIDTH - RIGHT, y(tick), "#e2e2e2")
        text(LEFT - 8, y(tick) + 4, f"{accuracy + tick:.1f}", "end")
    line(LEFT, y(LOWEST), WIDTH - RIGHT, y(LOWEST), "#222222")
    for tick in (0, 0.25, 0.5, 0.75, 1):
        line(x(tick), y(LOWEST), x(tick), y(LOWEST) + 5, "#222222")
        text(x(tick), y(LOWEST) + 19, f"{tick:g}", "middle")
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "work: time, where training on the full data takes 1", "middle")
    text(16, (TOP + HEIGHT - BOTTOM) / 2, "test accuracy, %", "middle", f' transform="rotate(-90 16 {(TOP + HEIGHT - BOTTOM) / 2:.1f})"')
    line(LEFT, y(0), x(1), y(0), "#1c7c3c", 1.2, "4 4")
    out.append(f'<circle cx="{x(1):.1f}" cy="{y(0):.1f}" r="5" fill="#1c7c3c"/>')
    text(x(1), y(0) - 12, "full data", "middle", ' fill="#1c7c3c" font-weight="600"')
    for name, colour, groups in SERIES:
        points = [point(group, full) for group in groups]
        for (a, b, _), (c, d, _) in zip(points, points[1:]):
            line(x(a), y(b), x(c), y(d), colour, 1.5)
        for work, mean, half in points:
            line(x(work), y(mean - half), x(work), y(mean + half), colour, 1.5)
            out.append(f'<circle cx="{x(work):.1f}" cy="{y(mean):.1f}" r="4.5" fill="{colour}"/>')
            print(f"{name}: work {work:.2f}, {mean:+.2f} points ({mean - half:+.2f} to {mean + half:+.2f})")
        right, down = LABELS[name]
        text(x(points[-1][0]) + right, y(points[-1][1]) + down, name, "end" if right < 0 else "start", f' fill="{colour}" font-weight="600"')
    out.append("</svg>")
    (ROOT / "docs/accuracy-against-work.svg").write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
