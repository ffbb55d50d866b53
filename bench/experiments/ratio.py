#!/usr/bin/env python3
"""
The time of a run of cnn in batches of 128 over that of full data: python3 bench/experiments/ratio.py SKIPPED [FORWARD_ONLY]

SKIPPED is the share of gradients that the run's last line says were skipped, FORWARD_ONLY the share of samples that only went forward
(`forward_only` in metrics.jsonl). Time is samples times what a sample costs alone, from costs.json, as the grids count it.
"""
import sys

from picture import COSTS, step_cost

BATCH = 128


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python3 bench/experiments/ratio.py SKIPPED [FORWARD_ONLY], shares in [0, 1]")
    share = 1 - float(sys.argv[1])
    forward = float(sys.argv[2]) if len(sys.argv) == 3 else 0
    print(f"{(share * step_cost(BATCH * share) + forward * COSTS['forward']) / step_cost(BATCH):.2f}")


if __name__ == "__main__":
    main()
