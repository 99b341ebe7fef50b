#!/usr/bin/env python3
"""What the reference implementations of DeMo and of top-k reach in PyTorch on this machine.

bench/demo.py [--threads N] [--rounds N] [--side N]: one JSON line per measurement, GB/s of fp32 input, median and spread over the rounds.
DeMo as in bloc97/DeMo: the two-axis DCT of every 64 x 64 chunk by einsum with the basis, top-32 by magnitude and gather;
back by scatter with mean and einsum. Beside it a plain copy of the same array. Needs torch.
"""

import argparse
import json
import math
import statistics
import time

import torch

CHUNK, TOP = 64, 32


def basis(n):
    i, u = torch.arange(n, dtype=torch.float64)[:, None], torch.arange(n, dtype=torch.float64)[None, :]
    scale = torch.where(u == 0, math.sqrt(1 / n), math.sqrt(2 / n))
    return (scale * torch.cos(math.pi * (2 * i + 1) * u / (2 * n))).float()


def encode(x, b):
    side = x.shape[0] // CHUNK
    cut = x.view(side, CHUNK, side, CHUNK)
    coefficients = torch.einsum("yhxw,hu,wv->yxuv", cut, b, b).reshape(side, side, CHUNK * CHUNK)
    index = coefficients.abs().topk(TOP, dim=-1, sorted=False).indices
    return index, coefficients.gather(-1, index)


def decode(index, values, b):
    side = index.shape[0]
    coefficients = torch.zeros(side, side, CHUNK * CHUNK)
    coefficients.scatter_reduce_(-1, index, values, reduce="mean", include_self=False)
    cut = torch.einsum("yxuv,hu,wv->yhxw", coefficients.view(side, side, CHUNK, CHUNK), b, b)
    return cut.reshape(side * CHUNK, side * CHUNK)


def top_percent(flat):
    index = flat.abs().topk(math.ceil(flat.numel() / 100), sorted=False).indices
    return index, flat[index]


def measure(name, work, size, rounds):
    work()
    rates = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        rates.append(size / (time.perf_counter() - start) / 1e9)
    print(json.dumps({
        "name": name,
        "threads": torch.get_num_threads(),
        "gb_per_s": round(statistics.median(rates), 3),
        "min": round(min(rates), 3),
        "max": round(max(rates), 3),
        "rounds": rounds,
    }), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--side", type=int, default=4096, help="rows and columns, a multiple of 64")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    x = torch.randn(options.side, options.side)
    target, b, size = torch.empty_like(x), basis(CHUNK), x.numel() * 4
    with torch.no_grad():
        index, values = encode(x, b)
        measure("copy", lambda: target.copy_(x), size, options.rounds)
        measure("demo encode", lambda: encode(x, b), size, options.rounds)
        measure("demo decode", lambda: decode(index, values, b), size, options.rounds)
        measure("topk 1%", lambda: top_percent(x.view(-1)), size, options.rounds)


if __name__ == "__main__":
    main()
