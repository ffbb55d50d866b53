#!/usr/bin/env python3
"""
Writes a small folder of images to try: python3 examples/make_shapes.py DIR

DIR/train/<class>/*.png and DIR/test/<class>/*.png, grey, 24 × 24: circles, crosses and squares of any size and place under noise. Of the
training images a twentieth lies in the wrong class's folder; their names begin with "moved". Needs no package; the same bytes each time.
"""
import pathlib
import random
import struct
import sys
import zlib

SIDE = 24
COUNTS = {"train": 200, "test": 100}  # of each class
CLASSES = ["circle", "cross", "square"]


def image(draw, kind):
    x, y, r = draw.uniform(8, 16), draw.uniform(8, 16), draw.uniform(4, 7)
    inside = {
        "circle": lambda a, b: a * a + b * b < r * r,
        "cross": lambda a, b: max(abs(a), abs(b)) < r and min(abs(a), abs(b)) < r / 3,
        "square": lambda a, b: max(abs(a), abs(b)) < 0.85 * r,
    }[kind]
    return [bytes(min(255, max(0, round(60 + 120 * inside(j - x, i - y) + draw.gauss(0, 20)))) for j in range(SIDE)) for i in range(SIDE)]


def png(rows):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: python3 examples/make_shapes.py DIR")
    draw = random.Random(1)
    for part, count in COUNTS.items():
        for k, kind in enumerate(CLASSES):
            for number in range(count):
                moved = part == "train" and number % 20 == 19
                folder = pathlib.Path(sys.argv[1]) / part / (CLASSES[(k + 1) % len(CLASSES)] if moved else kind)
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{'moved-' if moved else ''}{kind}-{number:03d}.png").write_bytes(png(image(draw, kind)))


if __name__ == "__main__":
    main()
