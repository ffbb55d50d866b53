#!/usr/bin/env python3
"""
Writes beans.csv and beans-test.csv beside this file: python3 examples/make_beans.py

Made beans: seven measurements drawn at random, one of two husks, and of four kinds the one whose weighted sum of them is largest. In
beans.csv a tenth of the labels is moved to another kind; beans-moved.txt holds their ids, a line each. The test table's labels are
all right. Needs no package; the same seed gives the same bytes.
"""
import pathlib
import random

SEED = 4
ROWS = {"beans": 640, "beans-test": 1000}
WRONG = 0.1
KINDS = ["black", "kidney", "navy", "pinto"]
COLUMNS = {"length": (15, 2), "width": (8, 1), "thickness": (6, 0.8), "weight": (400, 70), "hue": (30, 6), "gloss": (55, 9), "bend": (12, 3)}
HUSKS = ["plain", "speckled"]


def main():
    draw = random.Random(SEED)
    pulls = [[draw.gauss(0, 1) for _ in range(len(COLUMNS) + 1)] for _ in KINDS]
    place = pathlib.Path(__file__).parent
    for name, rows in ROWS.items():
        lines, moved = [["id", *COLUMNS, "husk", "kind"]], []
        wrong = set(draw.sample(range(rows), round(WRONG * rows))) if name == "beans" else set()
        for row in range(rows):
            values = [draw.gauss(0, 1) for _ in COLUMNS]
            husk = draw.randrange(2)
            sums = [sum(a * b for a, b in zip(pull, [*values, 2 * husk - 1])) for pull in pulls]
            kind = sums.index(max(sums))
            bean = f"bean-{row + 1:03d}" if name == "beans" else f"test-{row + 1:04d}"
            if row in wrong:
                kind = (kind + draw.randrange(1, len(KINDS))) % len(KINDS)
                moved.append(bean)
            cells = [f"{mean + deviation * value:.2f}" for (mean, deviation), value in zip(COLUMNS.values(), values)]
            lines.append([bean, *cells, HUSKS[husk], KINDS[kind]])
        (place / f"{name}.csv").write_text("".join(",".join(line) + "\n" for line in lines))
        if moved:
            (place / f"{name}-moved.txt").write_text("".join(bean + "\n" for bean in moved))


if __name__ == "__main__":
    main()
