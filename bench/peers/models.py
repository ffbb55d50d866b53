"""The built-in models in PyTorch, for those who measure it beside the engine. Inputs are [B][C][H][W]."""

from torch import nn

CLASSES = 10


def mlp():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 512), nn.ReLU(),
        nn.Linear(512, 256), nn.ReLU(),
        nn.Linear(256, CLASSES))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 7 * 7, 128), nn.ReLU(),
        nn.Linear(128, CLASSES))


def conv_norm(before, channels, kernel, stride):
    return nn.Sequential(
        nn.Conv2d(before, channels, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(channels))


class Residual(nn.Module):
    def __init__(self, before, channels, inplace):
        super().__init__()
        stride = 1 if before == channels else 2
        self.body = nn.Sequential(
            conv_norm(before, channels, 3, stride), nn.ReLU(inplace), conv_norm(channels, channels, 3, 1))
        self.shortcut = nn.Identity() if before == channels else conv_norm(before, channels, 1, stride)
        self.relu = nn.ReLU(inplace)

    def forward(self, x):
        body, shortcut = self.body(x), self.shortcut(x)
        return self.relu(body.add_(shortcut) if self.relu.inplace else body + shortcut)


def resnet20(channels, inplace):
    """He et al. 2016, section 4.2, n = 3, with projection shortcuts. inplace: not where hooks look at a layer's output."""
    widths = [16] + [16] * 3 + [32] * 3 + [64] * 3
    blocks = [Residual(before, after, inplace) for before, after in zip(widths, widths[1:])]
    return nn.Sequential(
        conv_norm(channels, 16, 3, 1), nn.ReLU(inplace), *blocks,
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, CLASSES))
