#!/usr/bin/env python3
"""
What the README's four commands gain: python3 bench/issues/beans.py [--seeds N] [--epochs N] [--engine "java -jar engine.jar"]

For each seed (1 to 10): trains on examples/beans.csv, of which a tenth of the labels is wrong, leaves out what `issues` names, trains
again, and measures both on examples/beans-test.csv, whose labels are right. The difference has Student's 95 % interval, paired by seed.
"""
import argparse
import json
import math
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "examples/beans.csv"
STUDENT = {2: 12.706, 3: 4.303, 5: 2.776, 10: 2.262}  # two-sided 95 %, by the number of seeds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10, choices=sorted(STUDENT))
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--engine", default=f"java -jar {ROOT / 'engine.jar'}")
    options = parser.parse_args()
    moved = set((ROOT / "examples/beans-moved.txt").read_text().split())

    def engine(*arguments):
        command = [*shlex.split(options.engine), *map(str, arguments), "--json", "--quiet"]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            sys.exit(f"{' '.join(command)}: exit {result.returncode}: {result.stderr}")
        return json.loads(result.stdout)

    def accuracy(data, run, seed):
        engine("train", "--data", data, "--label", "kind", "--id", "id", "--validation", 0.2, "--epochs", options.epochs, "--seed", seed, "--out", run)
        return 100 * engine("eval", "--model", run, "--data", ROOT / "examples/beans-test.csv")["accuracy"]

    print("| seed | named | of them wrong | accuracy before, % | after, % |\n| --- | --- | --- | --- | --- |")
    rows = []
    for seed in range(1, options.seeds + 1):
        with tempfile.TemporaryDirectory() as place:
            place = pathlib.Path(place)
            before = accuracy(TABLE, place / "first", seed)
            cleaned = place / "cleaned.csv"
            issues = engine("issues", "--data", TABLE, "--label", "kind", "--id", "id", "--seed", seed, "--out", cleaned)["issues"]
            hits = sum(issue["id"] in moved for issue in issues)
            rows.append((len(issues), hits, before, accuracy(cleaned, place / "again", seed)))
        print("| %d | %d | %d | %.1f | %.1f |" % (seed, *rows[-1]), flush=True)
    print("| mean | %.1f | %.1f | %.1f | %.1f |" % tuple(map(statistics.mean, zip(*rows))))
    gains = [after - before for _, _, before, after in rows]
    half = STUDENT[len(gains)] * statistics.stdev(gains) / math.sqrt(len(gains))
    mean = statistics.mean(gains)
    print(f"\n{len(moved)} labels are wrong; gained {mean:+.2f} points ({mean - half:+.2f} to {mean + half:+.2f})")


if __name__ == "__main__":
    main()
