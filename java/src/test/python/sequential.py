"""The torch.nn.Sequential of a Gradsieve model file, and safetensors without the library of that name.

docs/pytorch.md shows Residual and sequential(); both are kept equal by a test.
"""
import json
import struct

import torch
import yaml
from torch import nn


# docs: residual
class Residual(nn.Module):
    """The sum of a chain of layers and a shortcut."""

    def __init__(self, body, shortcut=None):
        super().__init__()
        self.body = body
        self.shortcut = shortcut or nn.Identity()

    def forward(self, x):
        return self.body(x) + self.shortcut(x)
# docs: end


# docs: sequential
def sequential(layers, shape):
    """Modules for a list of layers of a model file; shape is that of one input, [C, H, W] or [D]."""
    modules = nn.Sequential()
    for i, layer in enumerate(layers):
        kind, options = (layer, {}) if isinstance(layer, str) else next(iter(layer.items()))
        channels = shape[0]
        if kind == "residual":
            shortcut = options.get("shortcut")
            module = Residual(sequential(options["body"], shape), shortcut and sequential(shortcut, shape))
        else:
            o = {"bias": True, "stride": 1, "padding": 0, **(options or {})}
            module = {
                "conv2d": lambda: nn.Conv2d(
                    channels, o["channels"], o["kernel"], o["stride"], o["padding"], bias=o["bias"]),
                "linear": lambda: nn.Linear(channels, o["features"], bias=o["bias"]),
                "batchnorm": lambda: (nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d)(channels),
                "groupnorm": lambda: nn.GroupNorm(o["groups"], channels),
                "layernorm": lambda: nn.LayerNorm(shape[-1]),
                "relu": nn.ReLU,
                "gelu": nn.GELU,
                "tanh": nn.Tanh,
                "sigmoid": nn.Sigmoid,
                "maxpool2d": lambda: nn.MaxPool2d(o["kernel"]),
                "avgpool2d": lambda: nn.AvgPool2d(o["kernel"]),
                "globalavgpool": lambda: nn.AdaptiveAvgPool2d(1),
                "dropout": lambda: nn.Dropout(o["p"]),
                "flatten": nn.Flatten,
            }[kind]()
        modules.add_module(str(i), module)
        with torch.no_grad():
            shape = list(module.eval()(torch.zeros(1, *shape)).shape[1:])
    return modules.train()


def load_model(path):
    """The untrained network of a model file."""
    with open(path, encoding="utf-8") as file:
        spec = yaml.safe_load(file)
    return sequential(spec["layers"], spec["input"])
# docs: end


TYPES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}
NUMPY = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}


def save_safetensors(tensors, path):
    header, data = {}, b""
    for name, tensor in sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])):
        raw = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {
            "dtype": TYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def load_safetensors(path):
    import numpy

    with open(path, "rb") as file:
        raw = file.read()
    length = struct.unpack("<Q", raw[:8])[0]
    data = raw[8 + length:]
    tensors = {}
    for name, entry in json.loads(raw[8:8 + length]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = numpy.frombuffer(data[begin:end], dtype=NUMPY[entry["dtype"]]).copy()
            tensors[name] = torch.from_numpy(values).reshape(entry["shape"])
    return tensors
