"""The kernel tables of docs/performance.md: kernel_tables.py FILE… of `kernel-cases time`, several runs an instruction set; the best counts."""

import re
import sys

LINE = re.compile(r"(\w+) +(\S.*?) +([\d.]+) +([\d.]+) +(\d+)% +(\d+)% +([\d.]+) +(\d+)%$")


def read(files):
    """(isa, operation, shape) -> (GFLOP/s, % of sgemm, GB/s, % of triad), and the lines that tell what the core reaches."""
    best, heads = {}, []
    for file in files:
        isa = None
        for line in open(file, encoding="utf-8"):
            if line.startswith("isa "):
                isa = line.split()[1].rstrip(",")
                heads.append(line.strip())
            elif match := LINE.match(line.strip()):
                key = (isa, match[1], match[2])
                found = (float(match[4]), int(match[6]), float(match[7]), int(match[8]))
                best[key] = max(found, best.get(key, found), key=lambda values: (values[0], values[2]))
    return best, heads


def number(value):
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"


class Tables:
    def __init__(self, files):
        self.best, self.heads = read(files)

    def cell(self, isa, cases, marks, product):
        """The figures of some cases side by side; None is a case that there isn't."""
        figures, shares = [], []
        for case, mark in zip(cases, marks + " " * len(cases)):
            if case is None:
                figures.append("–")
                shares.append("–")
                continue
            values = self.best[(isa, *case)]
            figures.append(number(values[0 if product else 2]) + mark.strip())
            shares.append(str(values[1 if product else 3]))
        return f"{' / '.join(figures)} ({' / '.join(shares)} %)"

    def table(self, head, rows, product):
        print(f"\n| {head} | AVX-512 | AVX2 |\n| --- | --- | --- |")
        for title, cases, avx512, avx2 in rows:
            print(f"| {title} | {self.cell('avx512', cases, avx512, product)} | {self.cell('avx2', cases, avx2, product)} |")


def conv(title, shape, avx512="", avx2="", input_gradient=True):
    """Marks: * Winograd's form."""
    return (title, [("conv2d_forward", shape + " bias relu"), ("conv2d_backward_input", shape) if input_gradient else None,
                    ("conv2d_backward_weights", shape + " bias")], avx512, avx2)


def pooled(title, shape, marks, input_gradient=True):
    """Marks: ° from the few gradients that max-pooling and relu let through."""
    alive = shape + " pool 2 relu alive 0.7"
    return (title, [("conv2d_maxpool_forward", shape + " pool 2 relu"), ("conv2d_maxpool_backward_input", alive) if input_gradient else None,
                    ("conv2d_maxpool_backward_weights", alive)], marks, marks)


CONVOLUTIONS = [
    conv("3×3, 16 channels, 28×28", "B16 28x28x16/16 -> 16, 3x3 pad 1", "***", "***"),
    conv("3×3, 32 channels, 14×14", "B16 14x14x32/32 -> 32, 3x3 pad 1", "***", "***"),
    conv("3×3, 64 channels, 7×7", "B16 7x7x64/64 -> 64, 3x3 pad 1", "***", "** "),
    conv("3×3, 1 to 16 channels, 28×28", "B16 28x28x1/1 -> 16, 3x3 pad 1", input_gradient=False),
    conv("3×3, 16 to 32 channels, 28×28, stride 2", "B16 28x28x16/16 -> 32, 3x3 stride 2 pad 1"),
    conv("1×1, 16 to 32 channels, 28×28, stride 2, no padding", "B16 28x28x16/16 -> 32, 1x1 stride 2"),
    conv("3×3, 32 to 64 channels, 14×14, stride 2", "B16 14x14x32/32 -> 64, 3x3 stride 2 pad 1"),
    conv("1×1, 32 to 64 channels, 14×14, stride 2, no padding", "B16 14x14x32/32 -> 64, 1x1 stride 2"),
    conv("3×3, 32 to 64 channels, 14×14", "B16 14x14x32/32 -> 64, 3x3 pad 1", "***", "***"),
    pooled("3×3, 1 to 32 channels, 28×28, with relu and max-pooling", "B16 28x28x1/1 -> 32, 3x3 pad 1", "", input_gradient=False),
    pooled("3×3, 32 to 64 channels, 14×14, with relu and max-pooling", "B16 14x14x32/32 -> 64, 3x3 pad 1", "*°°"),
    conv("3×3, 64 channels, 32×32, batch 4", "B4 32x32x64/64 -> 64, 3x3 pad 1", "***", "***"),
    conv("3×3, 128 channels, 16×16, batch 4", "B4 16x16x128/128 -> 128, 3x3 pad 1", "***", "***"),
    conv("3×3, 256 channels, 8×8, batch 4", "B4 8x8x256/256 -> 256, 3x3 pad 1", "***", "** "),
    conv("3×3, 512 channels, 4×4, batch 4", "B4 4x4x512/512 -> 512, 3x3 pad 1", "** ", "** "),
]


def linear(title, shape):
    return (title, [("linear_forward", shape + " bias activation 1"), ("linear_backward_input", shape), ("linear_backward_weights", shape + " bias")],
            "", "")


LINEARS = [
    linear("784 to 512, batch 128", "128 x 784-512/512"),
    linear("784 to 512, batch 2048", "2048 x 784-512/512"),
    linear("the same, half of the values zero in stretches of 11", "2048 x 784-512/512 blank"),
    linear("512 to 256, batch 2048", "2048 x 512-256/256"),
    linear("3136 to 128, batch 512", "512 x 3136-128/128"),
    linear("256 to 10, batch 512", "512 x 256-10/16"),
    linear("128 to 10, batch 512", "512 x 128-10/16"),
    linear("64 to 10, batch 512", "512 x 64-10/16"),
]
ACTIVATIONS = ("16x784x16/16", "16x196x32/32", "16x49x64/64")
POOLS = ("16x28x28x32/32 max 2x2", "16x14x14x64/64 max 2x2", "16x28x28x32/32 average 2x2", "16x14x14x64/64 average 2x2",
         "16x7x7x64/64 average 7x7")
PARAMETERS = ("535818", "421642", "272186")


def moving(title, operation, shapes, after=""):
    return (title, [(operation, shape + after) for shape in shapes], "", "")


MOVERS = [
    moving("`batchnorm_statistics`", "batchnorm_statistics", ACTIVATIONS),
    moving("`batchnorm_normalize`, relu", "batchnorm_normalize", ACTIVATIONS, " relu"),
    moving("`batchnorm_normalize`, skip, relu", "batchnorm_normalize", ACTIVATIONS, " skip relu"),
    moving("`batchnorm_backward_sums`, norms", "batchnorm_backward_sums", ACTIVATIONS, " relu in place"),
    moving("`batchnorm_backward_input`", "batchnorm_backward_input", ACTIVATIONS),
    moving("`groupnorm_forward`, 8 groups", "groupnorm_forward", ACTIVATIONS, " in 8 groups"),
    moving("`groupnorm_backward`, norms", "groupnorm_backward", ACTIVATIONS, " in 8 groups"),
    moving("`layernorm_forward`: 512 features, batch 128 / over W of 28×28×16", "layernorm_forward", ("128x1x1x512/512", "16x28x28x16/16 over W")),
    moving("`layernorm_backward`, norms: the same", "layernorm_backward", ("128x1x1x512/512", "16x28x28x16/16 over W")),
    *[moving(f"`activation_{way}`, {kind}", f"activation_{way}", ACTIVATIONS, f" {kind}")
      for kind in ("relu", "gelu", "tanh", "sigmoid") for way in ("forward", "backward")],
    moving("`pool2d_forward`: maximum of 2×2, 28×28×32 / 14×14×64; average, the same; global, 7×7×64", "pool2d_forward", POOLS),
    moving("`pool2d_backward`: the same", "pool2d_backward", POOLS),
    moving("`add`", "add", ("200704", "100352", "50176")),
    moving("`dropout`: 512 features, batch 128 / 14×14×32", "dropout", ("128x1x512/512 p 0.1", "16x196x32/32 p 0.1")),
    moving("`input` of bytes, batch 128: 28×28×1 / 32×32×3", "input", ("128x784x1/1", "128x1024x3/3"), " bytes"),
    moving("`input` of floats, batch 128: 28×28×1 / 32×32×3 / 784 features", "input", ("128x784x1/1", "128x1024x3/3", "128x1x784/784"), " floats"),
    moving("`softmax_cross_entropy`: 10 classes, batch 512, scores alone / with gradient; 1000 classes, batch 64", "softmax_cross_entropy",
           ("512x10/16 smoothing 0 logits 3 forward only", "512x10/16 smoothing 0 logits 3", "64x1000/1008 smoothing 0 logits 3")),
    moving("`sgd_update`: parameters of `mlp` / `cnn` / `resnet20`", "sgd_update", PARAMETERS, " momentum 0.9 decay 0.0005"),
    moving("`adamw_update`: the same", "adamw_update", PARAMETERS, " decay 0.01 gradients 100"),
    moving("sum over two threads (`reduce`): filters of `cnn` / `resnet20`", "reduce", ("2 x 18432", "2 x 36864"), " into the first"),
    moving("norm of a row (`squared_norm`): 256 / 512 / 784 features", "squared_norm", ("256", "512", "784")),
]

tables = Tables(sys.argv[1:])
print("\n".join(tables.heads))
tables.table("convolution, padding 1", CONVOLUTIONS, product=True)
tables.table("linear", LINEARS, product=True)
tables.table("operation", MOVERS, product=False)
