"""Makes images in every mode that the decoder claims, and what Pillow makes of them: run with Debian's python3-pil and numpy,

    /usr/bin/python3 make_images.py DIRECTORY

For each file F: F.rgb, the pixels [H][W][3] that are expected. images.txt has a line for each: name, height, width, the largest
difference allowed at any value, and the largest mean difference. PNG is exact. JPEG leaves the rounding of the inverse cosine
transform open (2), and how colour differences that were stored in lower resolution are spread over pixels: libjpeg
interpolates, and its versions differ in where.

Expected is convert("RGB") of Pillow, laid on white where a picture has transparency, turned by ImageOps.exif_transpose. Where
Pillow's own values are not what the PNG specification says (16-bit grey is clipped at 255, the transparent colour of deep and
of shallow images is compared with values already scaled), expected is computed from the samples.
"""
import io
import os
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageOps

TARGET = sys.argv[1]
EXACT = (0, 0)
ROUNDING = (2, 0.5)
SPREAD = (16, 2)
WHITE = (255, 255, 255)

random = np.random.default_rng(1)
lines = []


def laid_on_white(image):
    """As the decoder: transparency on white, then turned."""
    if image.mode in ("RGBA", "LA") or "transparency" in image.info:
        coloured = image.convert("RGBA")
        flat = Image.new("RGB", image.size, WHITE)
        flat.paste(coloured.convert("RGB"), mask=coloured.getchannel("A"))
    else:
        flat = image.convert("RGB")
    return flat


def add(name, data, tolerance, expected=None):
    """Writes a file with what is expected of it: an array or, without one, Pillow's."""
    if expected is None:
        image = Image.open(io.BytesIO(data))
        image.load()
        orientation = image.getexif().get(0x0112)
        flat = laid_on_white(image)
        if orientation:
            flat.getexif()[0x0112] = orientation
            flat = ImageOps.exif_transpose(flat)
        expected = np.asarray(flat)
    height, width, _ = expected.shape
    with open(os.path.join(TARGET, name), "wb") as file:
        file.write(data)
    with open(os.path.join(TARGET, name + ".rgb"), "wb") as file:
        file.write(np.ascontiguousarray(expected, dtype=np.uint8).tobytes())
    lines.append("%s %d %d %g %g" % (name, height, width, *tolerance))


# ---- JPEG


def picture(width, height, bands=3):
    """Smooth waves, so that what is interpolated is close to what is repeated."""
    y, x = np.mgrid[0:height, 0:width]
    waves = []
    for _ in range(bands):
        fx, fy, phase = random.uniform(0.02, 0.1, 2).tolist() + [random.uniform(0, 6)]
        waves.append(127 + 120 * np.sin(fx * x + fy * y + phase))
    return np.stack(waves, axis=-1).astype(np.uint8)


def jpeg(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **{"quality": 90, **options})
    return out.getvalue()


def segments(data):
    """Splits a file into (marker, payload) before its first scan, and the rest."""
    at, found = 2, []
    while data[at + 1] != 0xDA:
        length = struct.unpack(">H", data[at + 2:at + 4])[0]
        found.append((data[at + 1], data[at + 4:at + 2 + length]))
        at += 2 + length
    return found, data[at:]


def joined(found, rest):
    return b"\xff\xd8" + b"".join(
        b"\xff" + bytes([marker]) + struct.pack(">H", len(payload) + 2) + payload for marker, payload in found) + rest


JFIF = (0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")


def adobe(transform):
    return 0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform])


def exif(orientation, order="<", kind=3):
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    value = struct.pack(order + "HH", orientation, 0) if kind == 3 else struct.pack(order + "I", orientation)
    return head + struct.pack(order + "HHHI", 1, 0x0112, kind, 1) + value + bytes(4)


def marked(data, markers, names=None, sampling=None, size=None):
    """The same scans with other markers before them, other component names, sampling factors or size."""
    found, rest = segments(data)
    found = [(m, p) for m, p in found if not 0xE0 <= m <= 0xEF]
    changed = []
    for marker, payload in found:
        if 0xC0 <= marker <= 0xC2:
            frame = bytearray(payload)
            if size:
                frame[1:5] = struct.pack(">HH", size[1], size[0])
            old = [frame[6 + 3 * c] for c in range(frame[5])]
            for c in range(frame[5]):
                frame[6 + 3 * c] = names[c] if names else old[c]
                frame[7 + 3 * c] = sampling[c] if sampling else frame[7 + 3 * c]
            payload = bytes(frame)
            if names:
                rest = renamed(rest, dict(zip(old, names)))
        changed.append((marker, payload))
    return joined(markers + changed, rest)


def renamed(rest, names):
    """Component names in the headers of all scans."""
    rest, at = bytearray(rest), 0
    while at < len(rest) - 1:
        if rest[at] == 0xFF and rest[at + 1] == 0xDA:
            for c in range(rest[at + 4]):
                rest[at + 5 + 2 * c] = names[rest[at + 5 + 2 * c]]
        at += 1
    return bytes(rest)


MARKERS = {
    "jfif": [JFIF],
    "none": [],
    "adobe0": [adobe(0)],
    "adobe1": [adobe(1)],
    "adobe2": [adobe(2)],
    "jfif-adobe0": [JFIF, adobe(0)],
    "exif": [(0xE1, b"Exif\0\0" + exif(1))],
}
NAMES = {"123": (1, 2, 3), "012": (0, 1, 2), "RGB": tuple(b"RGB"), "YCC": tuple(b"YCc"), "rgb": tuple(b"rgb")}


def jpegs():
    sizes = [(48, 32), (33, 17), (7, 5), (1, 1), (17, 64)]
    for progressive in (False, True):
        for s, sub in enumerate(["444", "422", "420"]):
            for width, height in sizes:
                image = Image.fromarray(picture(width, height))
                add(f"size-{sub}-{width}x{height}-{progressive}.jpg",
                    jpeg(image, subsampling=s, progressive=progressive), SPREAD if s else ROUNDING)
        for name, markers in MARKERS.items():
            for s, sub in enumerate(["444", "422", "420"]):
                data = jpeg(Image.fromarray(picture(48, 32)), subsampling=s, progressive=progressive)
                add(f"marker-{name}-{sub}-{progressive}.jpg", marked(data, markers), SPREAD if s else ROUNDING)
        for width, height in sizes:
            grey = jpeg(Image.fromarray(picture(width, height, 1)[:, :, 0]), progressive=progressive)
            add(f"grey-{width}x{height}-{progressive}.jpg", grey, ROUNDING)
    data = jpeg(Image.fromarray(picture(48, 32)), subsampling=0)
    for name, names in NAMES.items():
        for marker, markers in MARKERS.items():
            add(f"named-{name}-{marker}.jpg", marked(data, markers, names), ROUNDING)
    grey = jpeg(Image.fromarray(picture(48, 32, 1)[:, :, 0]))
    for marker, markers in MARKERS.items():
        add(f"grey-{marker}.jpg", marked(grey, markers, (7,)), ROUNDING)
    inks()
    # 2x1 of 64x32 has as many blocks as 1x2 of 32x64, 2x2 of 64x32 as 4x1
    upright = jpeg(Image.fromarray(constant_chroma(64, 32)), subsampling=1)
    wide = jpeg(Image.fromarray(constant_chroma(64, 32)), subsampling=2)
    for size in ((32, 64), (31, 63), (29, 49)):
        for marker in ("jfif", "none", "adobe0"):
            add("440-%s-%dx%d.jpg" % (marker, *size),
                marked(upright, MARKERS[marker], sampling=(0x12, 0x11, 0x11), size=size), SPREAD)
    for size in ((64, 32), (63, 31), (33, 25)):
        for marker in ("jfif", "none", "adobe0"):
            add("411-%s-%dx%d.jpg" % (marker, *size),
                marked(wide, MARKERS[marker], sampling=(0x41, 0x11, 0x11), size=size), SPREAD)
    for orientation in range(0, 10):
        for order, kind in (("<", 3), (">", 3), (">", 4)):
            told = (0xE1, b"Exif\0\0" + exif(orientation, order, kind))
            data = jpeg(Image.fromarray(picture(21, 14)), subsampling=0)
            add(f"turned-{orientation}-{'LB'[order == '>']}{kind}.jpg", marked(data, [JFIF, told]), ROUNDING)


def constant_chroma(width, height):
    """Blocks that land elsewhere when the sampling factors are rewritten then still agree in colour."""
    grey = picture(width, height, 1).astype(int) // 2 + 64
    return np.clip(grey + np.array([30, -10, -30]), 0, 255).astype(np.uint8)


def inks():
    for width, height in ((40, 24), (19, 13)):
        for progressive in (False, True):
            data = jpeg(Image.fromarray(picture(width, height, 4), "CMYK"), progressive=progressive)
            for name, markers in MARKERS.items():
                add(f"inks-{name}-{width}-{progressive}.jpg", marked(data, markers), ROUNDING)
    red = Image.new("RGB", (8, 8), (230, 20, 20)).convert("CMYK")
    add("inks-red.jpg", jpeg(red), ROUNDING)
    sub = marked(jpeg(Image.fromarray(picture(40, 24, 4), "CMYK"), subsampling=2), [adobe(2)])
    add("inks-subsampled.jpg", sub, SPREAD)


# ---- PNG, written here so that every depth, type and order of rows is met

TYPES = {"grey": (0, 1), "rgb": (2, 3), "palette": (3, 1), "grey-alpha": (4, 2), "rgba": (6, 4)}
PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def chunk(kind, payload):
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def rows(samples, bits):
    """Unfiltered rows of samples [H][W][bands], packed from the high bit down."""
    out = b""
    for row in samples:
        flat = row.reshape(-1)
        if bits == 16:
            out += b"\0" + flat.astype(">u2").tobytes()
        elif bits == 8:
            out += b"\0" + flat.astype(np.uint8).tobytes()
        else:
            each = ((flat[:, None] >> np.arange(bits - 1, -1, -1)) & 1).astype(np.uint8)
            out += b"\0" + np.packbits(each.reshape(-1)).tobytes()
    return out


def png(samples, bits, kind, interlaced=False, before=(), after=()):
    height, width, _ = samples.shape
    if interlaced:
        parts = [samples[y::dy, x::dx] for y, x, dy, dx in PASSES]
        data = b"".join(rows(p, bits) for p in parts if p.size)
    else:
        data = rows(samples, bits)
    head = struct.pack(">IIBBBBB", width, height, bits, TYPES[kind][0], 0, 0, int(interlaced))
    packed = zlib.compress(data)
    half = len(packed) // 2
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunk(*c) for c in before)
            + chunk(b"IDAT", packed[:half]) + chunk(b"IDAT", packed[half:])
            + b"".join(chunk(*c) for c in after) + chunk(b"IEND", b""))


def over(colours, alpha):
    """On white, rounded as Pillow does."""
    product = colours.astype(int) * alpha + 255 * (255 - alpha) + 128
    return (((product >> 8) + product) >> 8).astype(np.uint8)


def to_bytes(samples, bits):
    return samples >> bits - 8 if bits >= 8 else samples * 255 // (2 ** bits - 1)


def expected_of(samples, bits, kind, key=None):
    bands = TYPES[kind][1]
    colours = bands - 1 if kind in ("grey-alpha", "rgba") else bands
    rgb = np.broadcast_to(to_bytes(samples[:, :, :colours], bits), samples.shape[:2] + (3,))
    alpha = np.full(samples.shape[:2] + (1,), 255)
    if colours < bands:
        alpha = to_bytes(samples[:, :, colours:], bits).astype(int)
    if key is not None:
        alpha = np.where((samples == np.array(key)).all(axis=2, keepdims=True), 0, 255)
    return over(rgb, alpha)


def pngs():
    depths = {"grey": (1, 2, 4, 8, 16), "rgb": (8, 16), "grey-alpha": (8, 16), "rgba": (8, 16)}
    for kind, all_bits in depths.items():
        for bits in all_bits:
            for interlaced in (False, True):
                for width, height in ((16, 9), (7, 13), (1, 1)):
                    samples = random.integers(0, 2 ** bits, (height, width, TYPES[kind][1]))
                    name = f"{kind}-{bits}-{width}x{height}-{interlaced}"
                    ours = kind == "grey" and bits == 16
                    data = png(samples, bits, kind, interlaced)
                    add(name + ".png", data, EXACT, expected_of(samples, bits, kind) if ours else None)
                    if kind in ("grey", "rgb"):
                        # black would leave white on white of one bit, which is refused
                        key = np.array([1]) if bits == 1 else samples[height // 2, width // 2]
                        data = png(samples, bits, kind, interlaced, [(b"tRNS", key.astype(">u2").tobytes())])
                        add(name + "-key.png", data, EXACT, expected_of(samples, bits, kind, key))
    palettes()
    by_pillow()


def palettes():
    for bits in (1, 2, 4, 8):
        for interlaced in (False, True):
            for alphas in (0, 1, 2 ** bits // 2, 2 ** bits):
                entries = random.integers(0, 256, (2 ** bits, 3)).astype(np.uint8)
                samples = random.integers(0, 2 ** bits, (11, 15, 1))
                opacity = random.integers(0, 256, alphas).astype(np.uint8).tobytes()
                before = [(b"PLTE", entries.tobytes())] + ([(b"tRNS", opacity)] if alphas else [])
                add(f"palette-{bits}-{interlaced}-{alphas}.png", png(samples, bits, "palette", interlaced, before), EXACT)


def by_pillow():
    """Files as Pillow writes them, filters and all, and orientation in a chunk before or after the pixels."""
    base = Image.fromarray(picture(37, 22))
    alpha = Image.fromarray(picture(37, 22, 1)[:, :, 0])
    for mode in ("1", "L", "P", "RGB", "LA", "RGBA"):
        image = base.convert(mode)
        if "A" in mode:
            image.putalpha(alpha)
        out = io.BytesIO()
        image.save(out, "PNG")
        add(f"pillow-{mode}.png", out.getvalue(), EXACT)
    out = io.BytesIO()
    shape = Image.new("RGBA", (24, 24), (0, 0, 0, 0))
    shape.paste((0, 0, 0, 255), (6, 6, 18, 12))
    shape.save(out, "PNG")
    add("shape-in-alpha.png", out.getvalue(), EXACT)
    samples = picture(9, 6).astype(int)
    for orientation in range(1, 9):
        told = [(b"eXIf", exif(orientation, ">"))]
        add(f"turned-{orientation}.png", png(samples, 8, "rgb", before=told), EXACT)
        add(f"turned-late-{orientation}.png", png(samples, 8, "rgb", after=told), EXACT)


os.makedirs(TARGET, exist_ok=True)
jpegs()
pngs()
with open(os.path.join(TARGET, "images.txt"), "w") as file:
    file.write("\n".join(lines) + "\n")
