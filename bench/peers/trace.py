"""A peer's model as TorchScript: trace.py MODEL FILE. Traced in training mode, batch norm with it; needs Debian's python3-torch."""

import sys

try:
    import torch
except ImportError:
    sys.exit("the torchscript side traces its model with PyTorch for Python: apt-get install python3-torch")

from models import cnn, mlp, resnet20


def channels_last(filters):
    """Dense in the order [O][kh][kw][I], with one input channel too, which to(memory_format=…) would leave as it is."""
    return filters.permute(0, 2, 3, 1).clone(memory_format=torch.contiguous_format).permute(0, 3, 1, 2)


def main(model, file):
    torch.manual_seed(1)
    net = {"mlp": mlp, "cnn": cnn, "resnet20": lambda: resnet20(1, inplace=True)}[model]().train()
    for parameter in net.parameters():
        if parameter.dim() == 4:
            parameter.data = channels_last(parameter.data)
    torch.jit.trace(net, torch.randn(8, 1, 28, 28), check_trace=False).save(file)


main(*sys.argv[1:])
