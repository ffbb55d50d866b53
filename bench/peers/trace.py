"""A peer's model as TorchScript: trace.py MODEL FILE. Traced in training mode, batch norm with it; needs Debian's python3-torch."""

import sys

try:
    import torch
    from torch import nn
except ImportError:
    sys.exit("the torchscript side traces its model with PyTorch for Python: apt-get install python3-torch")

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
    def __init__(self, before, channels):
        super().__init__()
        stride = 1 if before == channels else 2
        self.body = nn.Sequential(
            conv_norm(before, channels, 3, stride), nn.ReLU(inplace=True), conv_norm(channels, channels, 3, 1))
        self.shortcut = nn.Identity() if before == channels else conv_norm(before, channels, 1, stride)

    def forward(self, x):
        return torch.relu_(self.body(x).add_(self.shortcut(x)))


def resnet20():
    blocks = []
    before = 16
    for channels in (16, 32, 64):
        for _ in range(3):
            blocks.append(Residual(before, channels))
            before = channels
    return nn.Sequential(
        conv_norm(1, 16, 3, 1), nn.ReLU(inplace=True),
        *blocks,
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, CLASSES))


def channels_last(filters):
    """Dense in the order [O][kh][kw][I], with one input channel too, which to(memory_format=…) would leave as it is."""
    return filters.permute(0, 2, 3, 1).clone(memory_format=torch.contiguous_format).permute(0, 3, 1, 2)


def main(model, file):
    torch.manual_seed(1)
    net = {"mlp": mlp, "cnn": cnn, "resnet20": resnet20}[model]().train()
    for parameter in net.parameters():
        if parameter.dim() == 4:
            parameter.data = channels_last(parameter.data)
    torch.jit.trace(net, torch.randn(8, 1, 28, 28), check_trace=False).save(file)


main(*sys.argv[1:])
