#!/usr/bin/env python3
"""The PyTorch twin of `bench throughput`: same model, batch, tokens' shape and work per step; prints the same JSON.

    bench/throughput.py --model tiny|small|base --steps N [--warmup N] [--threads N] [--compile]

Eager by default. Needs torch.
"""

import argparse
import json
import math
import resource
import statistics
import time

import torch
import torch.nn.functional as F
from torch import nn

# dim, layers, heads, ffn, sequence, batch: as in ModelSpec and ThroughputCommand
MODELS = {
    "nano": (32, 3, 4, 88, 32, 4),
    "tiny": (128, 4, 4, 352, 128, 16),
    "small": (384, 6, 6, 1024, 256, 8),
    "base": (768, 12, 12, 2048, 512, 4),
}
VOCABULARY = 256
THETA = 10_000.0


class Block(nn.Module):
    def __init__(self, dim, heads, ffn):
        super().__init__()
        self.heads = heads
        self.input_layernorm = nn.RMSNorm(dim, eps=1e-5)
        self.q_proj = nn.Linear(dim, dim, bias=False)
        self.k_proj = nn.Linear(dim, dim, bias=False)
        self.v_proj = nn.Linear(dim, dim, bias=False)
        self.o_proj = nn.Linear(dim, dim, bias=False)
        self.post_attention_layernorm = nn.RMSNorm(dim, eps=1e-5)
        self.gate_proj = nn.Linear(dim, ffn, bias=False)
        self.up_proj = nn.Linear(dim, ffn, bias=False)
        self.down_proj = nn.Linear(ffn, dim, bias=False)

    def split(self, x):
        batch, sequence, _ = x.shape
        return x.view(batch, sequence, self.heads, -1).transpose(1, 2)

    def forward(self, x, cosine, sine):
        n = self.input_layernorm(x)
        q = rotate(self.split(self.q_proj(n)), cosine, sine)
        k = rotate(self.split(self.k_proj(n)), cosine, sine)
        v = self.split(self.v_proj(n))
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        h = x + self.o_proj(attended.transpose(1, 2).reshape(x.shape))
        n = self.post_attention_layernorm(h)
        return h + self.down_proj(F.silu(self.gate_proj(n)) * self.up_proj(n))


def rotate(x, cosine, sine):
    half = x.shape[-1] // 2
    turned = torch.cat((-x[..., half:], x[..., :half]), dim=-1)
    return x * cosine + turned * sine


class Llama(nn.Module):
    def __init__(self, dim, layers, heads, ffn, sequence):
        super().__init__()
        self.embed_tokens = nn.Embedding(VOCABULARY, dim)
        self.layers = nn.ModuleList(Block(dim, heads, ffn) for _ in range(layers))
        self.norm = nn.RMSNorm(dim, eps=1e-5)
        self.lm_head = nn.Linear(dim, VOCABULARY, bias=False)
        head_dim = dim // heads
        inverse = THETA ** (-torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim)
        angles = torch.outer(torch.arange(sequence, dtype=torch.float64), inverse).repeat(1, 2)
        self.register_buffer("cosine", angles.cos().float())
        self.register_buffer("sine", angles.sin().float())
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1:
                into_residual = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * layers) if into_residual else 0.02)

    def forward(self, tokens, targets):
        x = self.embed_tokens(tokens)
        for layer in self.layers:
            x = layer(x, self.cosine, self.sine)
        logits = self.lm_head(self.norm(x))
        return F.cross_entropy(logits.view(-1, VOCABULARY), targets.reshape(-1))


def synthetic(batch, length, generator):
    """The rule of SyntheticTokens: each token follows from the one before, with two bits of noise."""
    tokens = torch.randint(VOCABULARY, (batch, length), generator=generator)
    noise = torch.randint(4, (batch, length), generator=generator)
    for i in range(1, length):
        tokens[:, i] = (tokens[:, i - 1] * 37 + 11 + noise[:, i]) % VOCABULARY
    return tokens


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=sorted(MODELS), default="small")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--json", action="store_true", help="accepted for symmetry: the output is always JSON")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(1)
    dim, layers, heads, ffn, sequence, batch = MODELS[options.model]
    model = Llama(dim, layers, heads, ffn, sequence)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    kept = [p for p in model.parameters() if p.dim() <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.1}, {"params": kept, "weight_decay": 0.0}],
        lr=1e-3,
        betas=(0.9, 0.95),
        eps=1e-8,
    )
    run = torch.compile(model) if options.compile else model
    # Made before the clock starts: the rule's Python loop is no part of training.
    data = [synthetic(batch, sequence + 1, generator) for _ in range(options.warmup + options.steps)]

    def step(tokens):
        optimiser.zero_grad(set_to_none=True)
        loss = run(tokens[:, :-1], tokens[:, 1:])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        return loss.item()

    for tokens in data[: options.warmup]:
        step(tokens)
    seconds = []
    loss = float("nan")
    cpu = time.process_time()
    start = time.perf_counter()
    for tokens in data[options.warmup :]:
        before = time.perf_counter()
        loss = step(tokens)
        seconds.append(time.perf_counter() - before)
    total = time.perf_counter() - start
    cpu = time.process_time() - cpu
    print(
        json.dumps(
            {
                "model": options.model,
                "backend": "torch-compile" if options.compile else "torch-eager",
                "fingerprint": "torch-" + torch.__version__,
                "threads": options.threads,
                "batch": batch,
                "sequence": sequence,
                "parameters": sum(p.numel() for p in model.parameters()),
                "steps": options.steps,
                "tokensPerSecond": options.steps * batch * sequence / total,
                "medianStepMillis": 1e3 * statistics.median(seconds),
                "fastestStepMillis": 1e3 * min(seconds),
                "cpuMillisPerStep": 1e3 * cpu / options.steps,
                "loss": loss,
                "peakRssBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
