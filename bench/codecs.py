#!/usr/bin/env python3
"""Rates of torch for what our codecs do: bench/codecs.py [--threads 1,2] [--seconds 2] [--no-compile]

16 Mi numbers of fp32 in main memory. One JSON object per line: GB/s of fp32 numbers (10^9 bytes), the rate of a plain copy
measured in turn with it, and the ratio of the two. `int8` is blockwise linear quantisation: blocks of 4096, absmax / 127. DeMo as in bloc97/DeMo:
the two-axis DCT of every 64 x 64 chunk by einsum with the basis, top-32 by magnitude and gather; back by scatter with mean
and einsum.
"""

import argparse
import json
import math
import statistics
import time

import torch

LENGTH = 16 * 1024 * 1024
BLOCK = 4096
CHUNK, TOP = 64, 32


def int8_encode(x, scales, codes):
    blocks = x.view(-1, BLOCK)
    scales.copy_(blocks.abs().amax(1, keepdim=True) / 127)
    codes.copy_((blocks / scales).round().clamp(-127, 127))


def int8_decode(scales, codes, y):
    torch.mul(codes, scales, out=y.view(-1, BLOCK))


def basis(n):
    i, u = torch.arange(n, dtype=torch.float64)[:, None], torch.arange(n, dtype=torch.float64)[None, :]
    scale = torch.where(u == 0, math.sqrt(1 / n), math.sqrt(2 / n))
    return (scale * torch.cos(math.pi * (2 * i + 1) * u / (2 * n))).float()


def demo_encode(x, b):
    side = x.shape[0] // CHUNK
    cut = x.view(side, CHUNK, side, CHUNK)
    coefficients = torch.einsum("yhxw,hu,wv->yxuv", cut, b, b).reshape(side, side, CHUNK * CHUNK)
    index = coefficients.abs().topk(TOP, dim=-1, sorted=False).indices
    return index, coefficients.gather(-1, index)


def demo_decode(index, values, b):
    side = index.shape[0]
    coefficients = torch.zeros(side, side, CHUNK * CHUNK)
    coefficients.scatter_reduce_(-1, index, values, reduce="mean", include_self=False)
    cut = torch.einsum("yxuv,hu,wv->yhxw", coefficients.view(side, side, CHUNK, CHUNK), b, b)
    return cut.reshape(side * CHUNK, side * CHUNK)


def top_percent(flat):
    index = flat.abs().topk(math.ceil(flat.numel() / 100), sorted=False).indices
    return index, flat[index]


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(name, threads, seconds, copy, work):
    for _ in range(3):
        copy()
        work()
    pairs, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(pairs) < 5:
        pairs.append((timed(copy), timed(work)))
    rate = lambda times: 4 * LENGTH / statistics.median(times) / 1e9
    print(json.dumps({
        "benchmark": name,
        "threads": threads,
        "gb_per_s": round(rate([w for _, w in pairs]), 3),
        "copy_gb_per_s": round(rate([c for c, _ in pairs]), 3),
        "ratio": round(statistics.median(c / w for c, w in pairs), 3),
    }), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--no-compile", action="store_true", help="eager only")
    options = parser.parse_args()
    torch.manual_seed(7)
    x, y = torch.randn(LENGTH), torch.empty(LENGTH)
    half, bfloat = torch.empty(LENGTH, dtype=torch.float16), torch.empty(LENGTH, dtype=torch.bfloat16)
    codes, scales = torch.empty(LENGTH // BLOCK, BLOCK, dtype=torch.int8), torch.empty(LENGTH // BLOCK, 1)
    copy = lambda: y.copy_(x)
    square, b = x.view(CHUNK * CHUNK, -1), basis(CHUNK)
    index, values = demo_encode(square, b)
    modes = [("eager", lambda f: f)] + ([] if options.no_compile else [("compiled", torch.compile)])
    for threads in map(int, options.threads.split(",")):
        torch.set_num_threads(threads)
        for mode, make in modes:
            encode, decode = make(int8_encode), make(int8_decode)
            convert = make(lambda source, target: target.copy_(source))
            measure(f"fp16 encode {mode}", threads, options.seconds, copy, lambda: convert(x, half))
            measure(f"fp16 decode {mode}", threads, options.seconds, copy, lambda: convert(half, y))
            measure(f"bf16 encode {mode}", threads, options.seconds, copy, lambda: convert(x, bfloat))
            measure(f"bf16 decode {mode}", threads, options.seconds, copy, lambda: convert(bfloat, y))
            measure(f"int8 encode {mode}", threads, options.seconds, copy, lambda: encode(x, scales, codes))
            measure(f"int8 decode {mode}", threads, options.seconds, copy, lambda: decode(scales, codes, y))
        measure("DeMo encode", threads, options.seconds, copy, lambda: demo_encode(square, b))
        measure("DeMo decode", threads, options.seconds, copy, lambda: demo_decode(index, values, b))
        measure("top-k 1 %", threads, options.seconds, copy, lambda: top_percent(x))


if __name__ == "__main__":
    main()
