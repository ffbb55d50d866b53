"""Makes the fixtures of java/src/test/resources/io/gradsieve/nn: run with Debian's PyTorch, from this directory:

    /usr/bin/python3 make_fixtures.py

For each NAME.yaml there: NAME.weights.safetensors, as PyTorch would save the network, and NAME.expected.safetensors: a batch
(inputs [B, C, H, W] or [B, D], labels) and what double-precision PyTorch makes of it, in evaluation (logits, loss, el2n and the
norm of each sample's own gradient, one sample at a time) and in training (the same, but the norm of each sample's term of the
batch gradient, batch norm's coupling included; the batch gradient's norm; running statistics afterwards).
"""
import glob
import os

import torch
from torch import nn
from torch.nn import functional

import sequential

TARGET = os.path.join("..", "resources", "io", "gradsieve", "nn")
BATCH = 5


def rounded(tensor):
    """Values that a float holds exactly, so that both sides compute with the same."""
    return tensor.float().double()


def prepare(net, seed):
    """Double precision, with norms and running statistics away from one and zero."""
    generator = torch.Generator().manual_seed(seed)
    net.double()
    for name, tensor in net.state_dict().items():
        if tensor.dtype == torch.int64:
            tensor.fill_(7)
        else:
            noise = torch.rand(tensor.shape, generator=generator, dtype=torch.float64)
            tensor.copy_(rounded(tensor + (0.4 * noise if "running" in name else 0.6 * noise - 0.3)))


def scores(logits, labels):
    loss = functional.cross_entropy(logits, labels, reduction="none")
    onehot = functional.one_hot(labels, logits.shape[1])
    return loss, (logits.softmax(1) - onehot).norm(dim=1)


def flat_norm(gradients):
    return torch.cat([g.flatten() for g in gradients]).norm()


def evaluation(net, inputs, labels):
    net.eval()
    logits = net(inputs)
    loss, el2n = scores(logits, labels)
    norms = []
    for i in range(BATCH):
        one = functional.cross_entropy(net(inputs[i:i + 1]), labels[i:i + 1])
        norms.append(flat_norm(torch.autograd.grad(one, list(net.parameters()))))
    return {"logits": logits, "loss": loss, "el2n": el2n, "grad_norm": torch.stack(norms)}


def terms(module, x, slope):
    """Each sample's contribution to the gradients of a module's parameters, given input and gradient of the output."""
    count = x.shape[0]
    if isinstance(module, nn.Linear):
        weight = torch.einsum("bo,bi->boi", slope, x)
        bias = slope
    elif isinstance(module, nn.Conv2d):
        weight = torch.stack([
            torch.nn.grad.conv2d_weight(
                x[i:i + 1], module.weight.shape, slope[i:i + 1], module.stride, module.padding)
            for i in range(count)])
        bias = slope.sum((2, 3))
    else:
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            axes = [0] + list(range(2, x.dim()))
            mean, variance = x.mean(axes, keepdim=True), x.var(axes, unbiased=False, keepdim=True)
            x_hat = (x - mean) / (variance + module.eps).sqrt()
        elif isinstance(module, nn.GroupNorm):
            x_hat = functional.group_norm(x, module.num_groups, eps=module.eps)
        else:
            x_hat = functional.layer_norm(x, module.normalized_shape, eps=module.eps)
        if isinstance(module, nn.LayerNorm):
            axes = list(range(1, x.dim() - 1))
        else:
            axes = list(range(2, x.dim()))
        weight, bias = slope * x_hat, slope
        if axes:
            weight, bias = weight.sum(axes), bias.sum(axes)
    return [weight] if module.bias is None else [weight, bias]


def training(net, inputs, labels):
    net.train()
    seen = {}
    handles = []
    modules = [m for m in net.modules() if next(m.parameters(recurse=False), None) is not None]
    for module in modules:
        def keep(m, inputs, output):
            seen[m] = [inputs[0].detach(), None]
            output.register_hook(lambda slope: seen[m].__setitem__(1, slope))
        handles.append(module.register_forward_hook(keep))
    logits = net(inputs)
    loss, el2n = scores(logits, labels)
    gradients = torch.autograd.grad(loss.sum(), list(net.parameters()))
    for handle in handles:
        handle.remove()
    squares = torch.zeros(BATCH, dtype=torch.float64)
    by_parameter = dict(zip(net.parameters(), gradients))
    for module in modules:
        shares = terms(module, *[t.detach() for t in seen[module]])
        for parameter, share in zip([module.weight, module.bias], shares):
            total = share.sum(0)
            difference = (total - by_parameter[parameter]).abs().max()
            scale = max(by_parameter[parameter].abs().max().item(), 1e-3)
            assert difference < 1e-9 * scale, (module, difference)
            squares += share.flatten(1).square().sum(1)
    result = {
        "train.logits": logits,
        "train.loss": loss,
        "train.el2n": el2n,
        "train.grad_norm": squares.sqrt(),
        "train.batch_gradient_norm": flat_norm(gradients),
    }
    for name, value in net.state_dict().items():
        if "running" in name:
            result["train." + name] = value.clone()
    return result


def main():
    for number, path in enumerate(sorted(glob.glob(os.path.join(TARGET, "*.yaml")))):
        name = os.path.splitext(os.path.basename(path))[0]
        torch.manual_seed(number)
        with open(path, encoding="utf-8") as file:
            spec = sequential.yaml.safe_load(file)
        net = sequential.load_model(path)
        prepare(net, number)
        generator = torch.Generator().manual_seed(100 + number)
        inputs = rounded(torch.randn(BATCH, *spec["input"], generator=generator, dtype=torch.float64))
        classes = spec["layers"][-1]["linear"]["features"]
        labels = torch.randint(classes, (BATCH,), generator=generator)
        state = {k: v.float() if v.is_floating_point() else v for k, v in net.state_dict().items()}
        sequential.save_safetensors(state, os.path.join(TARGET, name + ".weights.safetensors"))
        expected = {"inputs": inputs.float(), "labels": labels}
        expected.update(evaluation(net, inputs, labels))
        expected.update(training(net, inputs, labels))
        sequential.save_safetensors(expected, os.path.join(TARGET, name + ".expected.safetensors"))
        print(name, sum(p.numel() for p in net.parameters()))


if __name__ == "__main__":
    main()
