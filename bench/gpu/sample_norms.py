"""Per-sample gradient norms in PyTorch as its users get them: by hooks on the layers ("ghost norms"), by torch.func's vmap.

Squares of a layer's share of each sample's gradient, shape [B]; a: the layer's input, d: δ, the gradient of its output.
"""

import torch
from torch import nn
from torch.nn import functional as F

from training import CONVOLUTIONS, Training, channels_last


# graph: a plain and a ghost step as CUDA graphs; vmap stands last, for it cannot have batch norm
NORM_MODES = ("eager", "ghost", "graph", "ghost graph", "vmap")


def linear_squares(layer, a, d):
    """‖a‖²‖δ‖² + ‖δ‖² (Goodfellow 2015); a: [B, D], d: [B, K]."""
    d2 = d.square().sum(1)
    return d2 * a.square().sum(1) + (d2 if layer.bias is not None else 0)


def conv_squares(layer, a, d, gram=None):
    """Columns [B, C·k·k, T], δ [B, O, T]: their Gram matrices where 2T² < O·C·k·k (Bu et al. 2022), else the gradient itself."""
    columns = F.unfold(a, layer.kernel_size, padding=layer.padding, stride=layer.stride)
    d = d.flatten(2)
    if gram is None:
        gram = 2 * d.shape[2] ** 2 < d.shape[1] * columns.shape[1]
    if gram:
        squares = (torch.bmm(columns.transpose(1, 2), columns) * torch.bmm(d.transpose(1, 2), d)).sum((1, 2))
    else:
        squares = torch.bmm(d, columns.transpose(1, 2)).square().sum((1, 2))
    return squares + (d.sum(2).square().sum(1) if layer.bias is not None else 0)


def norm_squares(layer, a, d):
    """A sample's share of γ's and β's gradient, its δ taken as it comes: the batch's statistics tie the samples together."""
    scaled = F.batch_norm(a, None, None, training=True, eps=layer.eps)
    return (d * scaled).sum((2, 3)).square().sum(1) + d.sum((2, 3)).square().sum(1)


SQUARES = {nn.Linear: linear_squares, nn.Conv2d: conv_squares, nn.BatchNorm2d: norm_squares}


def ghost(training):
    """(norms(x, y), step(index)) by hooks on the layers, as in Opacus's ghost clipping; norms leaves the batch's gradient behind."""
    squares = []

    def watch(layer, inputs, output):
        a, rule = inputs[0].detach(), SQUARES[type(layer)]
        output.register_hook(lambda d: squares.append(rule(layer, a, d)))

    for layer in training.net.modules():
        if type(layer) in SQUARES:
            layer.register_forward_hook(watch)

    def norms(x, y):
        squares.clear()
        training.loss(x, y).backward()
        # The loss is a mean: each sample's δ came divided by B.
        return len(y) * torch.stack(squares).sum(0).sqrt()

    def step(index):
        training.optimizer.zero_grad(set_to_none=True)
        norms(*training.gather(index))
        training.optimizer.step()

    return norms, step


def vmapped(training):
    """(norms(x, y), step(index)) by torch.func: every sample's gradient in full; their mean goes to the optimizer."""
    try:
        from torch.func import functional_call, grad, vmap
    except ImportError:  # before 2.0
        from functorch import grad, vmap
        from torch.nn.utils.stateless import functional_call
    net = training.net
    parameters = {name: parameter.detach() for name, parameter in net.named_parameters()}

    def loss(values, x, y):
        return F.cross_entropy(functional_call(net, values, (x.unsqueeze(0),)), y.unsqueeze(0))

    gradients = vmap(grad(loss), in_dims=(None, 0, 0))

    def norms(x, y):
        each = gradients(parameters, x, y)
        for name, parameter in net.named_parameters():
            parameter.grad = each[name].mean(0).contiguous()
        return sum(gradient.flatten(1).square().sum(1) for gradient in each.values()).sqrt()

    def step(index):
        norms(*training.gather(index))
        training.optimizer.step()

    return norms, step


def measure_norms(bench, model, batch, mode):
    if mode == "vmap":
        # torch.func hands back gradients in C×H×W; fused SGD wants parameters laid out alike.
        training = Training(bench, model, batch, "tf32", torch.contiguous_format)
        return training.measure(vmapped(training)[1], 3)
    training = Training(bench, model, batch, "tf32")
    step = ghost(training)[1] if mode.startswith("ghost") else training.step
    return training.measure_captured(step, 3) if mode.endswith("graph") else training.measure(step, 3)


def difference(a, b):
    return ((a - b).abs() / b.abs()).max().item()


def check_norms(bench, model):
    """Both ways beside one backward pass a sample; for resnet20, whose samples batch norm ties together, Gram beside gradient."""
    training = Training(bench, model, 16, "fp32", torch.contiguous_format)
    x, y = training.gather(training.indices[0])
    results = {}
    if model == "resnet20":
        for _, c, size, filters, kernel, stride in CONVOLUTIONS:
            layer = nn.Conv2d(c, filters, kernel, stride, kernel // 2)
            a = channels_last((4, c, size, size), bench.device)
            d = channels_last((4, filters, size // stride, size // stride), bench.device)
            results[f"gram {c}→{filters} {kernel}×{kernel} stride {stride} at {size}²"] = difference(
                conv_squares(layer, a, d, True).sqrt(), conv_squares(layer, a, d, False).sqrt())
    else:
        alone = []
        for i in range(len(y)):
            gradients = torch.autograd.grad(training.loss(x[i:i + 1], y[i:i + 1]), list(training.net.parameters()))
            alone.append(sum(gradient.square().sum() for gradient in gradients).sqrt())
        by_vmap, by_ghost = vmapped(training)[0](x, y), ghost(training)[0](x, y)
        results = {"vmap to alone": difference(by_vmap, torch.stack(alone)), "ghost to alone": difference(
            by_ghost, torch.stack(alone)), "ghost to vmap": difference(by_ghost, by_vmap)}
    return {"differences": results, "within": all(value < 1e-3 for value in results.values())}
