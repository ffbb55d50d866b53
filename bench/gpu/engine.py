"""The engine as the programs beside it start it: whole trainings, and windows of steps."""

import hashlib
import json
import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Elsewhere in the package of pack.sh.
JAR = os.environ.get("GRADSIEVE_ENGINE", ROOT / "engine.jar")
WINDOWS = os.environ.get("GRADSIEVE_WINDOWS", ROOT / "bench" / "target" / "classes")


def java(*arguments):
    return [os.environ.get("GRADSIEVE_JAVA", "java"), *map(str, arguments)]


def on(device, precision):
    """The options of a device; the CPU computes in fp32 and takes no --precision."""
    return {"device": device} if device == "cpu" else {"device": device, "precision": precision}


class EngineError(RuntimeError):
    """The engine's exit code and its last line."""


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"


def train(out, **options):
    """One run of `train` in the directory `out`: seconds in all, its epochs' metrics, and the SHA-256 of its weights."""
    command = java("-jar", JAR, "train", "--out", out, "--overwrite", "--progress", "none")
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.monotonic() - start
    if done.returncode != 0:
        raise EngineError(f"exit code {done.returncode}: {last_line(done.stderr or done.stdout)}")
    epochs = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    weights = hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest()
    return {"seconds": seconds, "weights": weights, "test_accuracy": epochs[-1]["test_accuracy"],
            "train_loss": [epoch["train_loss"] for epoch in epochs],
            "samples_per_second": max(epoch["samples_per_second"] for epoch in epochs)}


class StepWindows:
    """A training in a process of its own that runs when it is asked for a window; see StepWindows.java."""

    def __init__(self, model, batch, norms=True, samples=None, **options):
        samples = samples or max(65536, (4 if model == "resnet20" else 32) * batch)
        options |= {"model": model, "batch-size": batch, "norms": "on" if norms else "off",
                    "score": "grad_norm" if norms else "loss"}
        self.process = subprocess.Popen(
            java("-cp", f"{JAR}:{WINDOWS}", "io.gradsieve.bench.gpu.StepWindows", samples,
                 *(f"{name}={value}" for name, value in options.items())),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise EngineError(last_line(self.process.stderr.read()))
        return line

    def ready(self):
        self.answer()

    def window(self, steps, seconds):
        self.process.stdin.write(f"{steps} {seconds}\n")
        self.process.stdin.flush()
        return json.loads(self.answer())
