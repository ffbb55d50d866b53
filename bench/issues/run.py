#!/usr/bin/env python3
"""
Wrong labels in tables: python3 bench/issues/run.py [--quick] [--only TABLE] [--engine "java -jar engine.jar"]

Moves a tenth of the training labels of each table to another class, asks `issues` for them, and trains on the noisy table, on what
`issues --out` left of it, and on the right labels; accuracy is that on a test part whose labels are right. Means of three seeds: of the
table (but for the digits), of what is moved, and of all that the engine draws. Needs numpy. --quick: one seed.
"""
import csv
import gzip
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIGITS = ROOT / "java/src/main/resources/io/gradsieve/data/reader/digits.csv.gz"
ENGINE = shlex.split(sys.argv[sys.argv.index("--engine") + 1]) if "--engine" in sys.argv else ["java", "-jar", str(ROOT / "engine.jar")]
ONLY = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""
SEEDS = [1] if "--quick" in sys.argv else [1, 2, 3]
WRONG = 0.1
TEST = 0.2
LONG = 100  # epochs, after which a network knows most of these labels by heart


# ---- tables: inputs [rows, features], classes [rows]

def digits(draw):
    rows = numpy.loadtxt(gzip.open(DIGITS, "rt"), delimiter=",")
    return rows[:, :-1], rows[:, -1].astype(int)


def clouds(draw, rows, features, classes, clouds_of_class, spread):
    centres = draw.normal(size=(classes, clouds_of_class, features)) * spread
    given = draw.integers(classes, size=rows)
    cloud = draw.integers(clouds_of_class, size=rows)
    return centres[given, cloud] + draw.normal(size=(rows, features)), given


def planes(draw):
    inputs = draw.normal(size=(800, 8))
    return inputs, (inputs @ draw.normal(size=(8, 4))).argmax(axis=1)


def product(draw):
    """Of two classes; the border is curved and blurred, and three of six columns say nothing."""
    inputs = draw.normal(size=(500, 6))
    return inputs, (inputs[:, 0] + inputs[:, 1] * inputs[:, 2] + 0.3 * draw.normal(size=500) > 0).astype(int)


TABLES = {
    "digits": digits,
    "mixture": lambda draw: clouds(draw, 3000, 10, 5, 2, 1.4),
    "clouds": lambda draw: clouds(draw, 600, 10, 3, 1, 1.0),
    "planes": planes,
    "product": product,
}


def write(path, rows, inputs, labels):
    with open(path, "w") as file:
        print("row," + ",".join(f"x{i}" for i in range(inputs.shape[1])) + ",label", file=file)
        for row, values, label in zip(rows, inputs, labels):
            print(row, *map(repr, map(float, values)), f"class{label}", sep=",", file=file)


# ---- the engine

def engine(*arguments):
    result = subprocess.run([*ENGINE, *map(str, arguments), "--json", "--quiet"], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, arguments))}: exit {result.returncode}: {result.stderr}")
    return json.loads(result.stdout)


def trained(data, test, run, seed, epochs):
    """The accuracy on the test part, in per cent."""
    engine("train", "--data", data, "--id", "row", "--validation", 0, "--epochs", epochs, "--checkpoint-every", epochs, "--seed", seed,
           "--out", run)
    return 100 * engine("eval", "--model", run, "--data", test, "--out", run / "eval.json")["accuracy"]


def found(issues, wrong):
    """Precision and recall of the list, and its average precision: what is not on it counts as not found."""
    hits = numpy.array([issue["index"] in wrong for issue in issues], bool)
    at_rank = numpy.cumsum(hits) / numpy.arange(1, len(hits) + 1)
    return hits.mean() if len(hits) else 0.0, hits.sum() / len(wrong), at_rank[hits].sum() / len(wrong)


def measure(make, seed, place):
    draw = numpy.random.default_rng(seed)
    inputs, right = make(draw)
    order = draw.permutation(len(right))
    held = int(TEST * len(right))
    test, train = order[:held], order[held:]
    wrong = draw.permutation(len(train))[: round(WRONG * len(train))]
    given = right[train].copy()
    given[wrong] = (given[wrong] + draw.integers(1, right.max() + 1, size=len(wrong))) % (right.max() + 1)
    write(place / "test.csv", test, inputs[test], right[test])
    write(place / "clean.csv", train, inputs[train], right[train])
    write(place / "noisy.csv", train, inputs[train], given)
    wrong = set(wrong.tolist())
    named = engine("issues", "--data", place / "noisy.csv", "--id", "row", "--seed", seed, "--out", place / "cleaned.csv")
    figures = [*found(named["issues"], wrong)]
    figures.append(engine("issues", "--data", place / "clean.csv", "--id", "row", "--seed", seed)["count"] / len(train))
    for epochs in 10, LONG:
        for data in "noisy", "cleaned", "clean":
            figures.append(trained(place / f"{data}.csv", place / "test.csv", place / f"{data}-{epochs}", seed, epochs))
    figures += found(engine("issues", "--model", place / f"noisy-{LONG}", "--seed", seed)["issues"], wrong)
    figures += found(engine("issues", "--model", place / f"noisy-{LONG}", "--folds", 1)["issues"], wrong)
    scores = place / "scores.csv"
    engine("score", "--folds", 5, "--epochs", LONG, "--data", place / "noisy.csv", "--id", "row", "--seed", seed, "--out", scores)
    with open(scores, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label_issue"] == "1"]
    figures += found([{"index": int(row["index"])} for row in sorted(rows, key=lambda row: float(row["label_quality"]))], wrong)
    return figures


def main():
    three = "precision, recall, average precision"
    print("| table | rows | precision | recall | average precision | named of clean labels, % | accuracy noisy, cleaned, clean, % "
          f"| after {LONG} epochs | `--model` of those: {three} | `--folds 1`: {three} | `score --folds` of {LONG}: {three} |")
    print("|" + " --- |" * 11, flush=True)
    for name, make in TABLES.items():
        if ONLY not in ("", name):
            continue
        rows = []
        for seed in SEEDS:
            with tempfile.TemporaryDirectory() as place:
                rows.append(measure(make, seed, pathlib.Path(place)))
        size = len(make(numpy.random.default_rng(1))[1])
        mean = numpy.mean(rows, axis=0)
        cells = [name, f"{size - int(TEST * size):,}", *(f"{figure:.2f}" for figure in mean[:3]), f"{100 * mean[3]:.1f}"]
        cells += [", ".join(f"{figure:.1f}" for figure in mean[i : i + 3]) for i in (4, 7)]
        cells += [", ".join(f"{figure:.2f}" for figure in mean[i : i + 3]) for i in (10, 13, 16)]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
