"""exchange.py DIR: for each NAME.yaml in DIR, loads NAME.engine.safetensors strictly and computes the log-probabilities of
NAME.inputs.safetensors; makes weights of its own, saves them as NAME.pytorch.safetensors, and computes theirs. Both go into
NAME.results.safetensors.
"""
import glob
import os
import sys

import torch

import sequential


def log_probabilities(net, inputs):
    net.eval()
    with torch.no_grad():
        return net(inputs).double().log_softmax(1)


def main(directory):
    torch.set_num_threads(1)
    for number, path in enumerate(sorted(glob.glob(os.path.join(directory, "*.yaml")))):
        base = path[: -len(".yaml")]
        net = sequential.load_model(path)
        with open(path, encoding="utf-8") as file:
            shape = sequential.yaml.safe_load(file)["input"]
        inputs = sequential.load_safetensors(base + ".inputs.safetensors")["inputs"].reshape(-1, *shape)
        net.load_state_dict(sequential.load_safetensors(base + ".engine.safetensors"), strict=True)
        results = {"engine-logits": log_probabilities(net, inputs)}
        torch.manual_seed(number)
        other = sequential.load_model(path)
        other.train()
        for _ in range(3):
            other(torch.randn(4, *shape))
        sequential.save_safetensors(other.state_dict(), base + ".pytorch.safetensors")
        results["pytorch-logits"] = log_probabilities(other, inputs)
        sequential.save_safetensors(results, base + ".results.safetensors")


if __name__ == "__main__":
    main(sys.argv[1])
