#!/usr/bin/env python3
"""The PyTorch twin of a run: the same initial weights, samples, schedule and optimiser, one process, autograd.

    bin/murmuration bench export --seed 1 --out DIR && bench/twin.py DIR [--threads N] [--double]

Prints one JSON object per step and a last one, with the fields of `train --json`. --double computes in fp64: how far
fp32 itself strays. Needs torch.
"""

import argparse
import json
import math
import pathlib
import struct

import torch
from throughput import THETA, VOCABULARY, Llama

VALIDATION_BATCH = 32


def safetensors(path):
    """name -> fp32 tensor."""
    raw = path.read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    tensors = {}
    for name, entry in json.loads(raw[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "F32":
            raise SystemExit(f"{path}: expected F32, {name} is {entry['dtype']}")
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = torch.frombuffer(bytearray(raw[begin:end]), dtype=torch.float32).view(entry["shape"])
    return tensors


def model_of(folder):
    config = json.loads((folder / "config.json").read_text())
    fixed = {
        "vocab_size": VOCABULARY,
        "rope_theta": THETA,
        "rms_norm_eps": 1e-5,
        "num_key_value_heads": config["num_attention_heads"],
    }
    for key, value in fixed.items():
        if config[key] != value:
            raise SystemExit(f"{folder}: the twin has {key} {value}, the run {config[key]}")
    model = Llama(
        config["hidden_size"],
        config["num_hidden_layers"],
        config["num_attention_heads"],
        config["intermediate_size"],
        config["max_position_embeddings"],
    )
    # Ours are Hugging Face's names; this model has fewer levels of modules.
    weights = {
        name.removeprefix("model.").replace("self_attn.", "").replace("mlp.", ""): tensor
        for name, tensor in safetensors(folder / "model.safetensors").items()
    }
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if unexpected or set(missing) - {"cosine", "sine"}:
        raise SystemExit(f"{folder}: names do not fit, missing {missing}, unexpected {unexpected}")
    return model


def samples(path, *shape):
    return torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8).view(*shape).long()


def learning_rate(step, steps, settings):
    """Of step 1 to steps: linear from 0, then half a cosine that ends at the last step."""
    base, end = settings["learningRate"], settings["finalLearningRate"]
    warmup = min(math.floor(settings["warmUp"] * steps + 0.5), steps - 1)
    if step < warmup:
        return base * step / warmup
    return end + (base - end) * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


@torch.no_grad()
def validate(model, windows):
    total = 0.0
    for part in windows.split(VALIDATION_BATCH):
        total += model(part[:, :-1], part[:, 1:]).item() * len(part)
    return total / len(windows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--double", action="store_true")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    run = json.loads((options.folder / "run.json").read_text())
    width = run["sequence"] + 1
    train = samples(options.folder / "train.bin", run["steps"], run["batch"], width)
    validation = samples(options.folder / "validation.bin", run["validationWindows"], width)
    model = model_of(options.folder / "initial")
    if options.double:
        model.double()

    settings = run["optimiser"]
    parameters = list(model.parameters())
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.dim() > 1], "weight_decay": settings["weightDecay"]},
            {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
        ],
        betas=(settings["beta1"], settings["beta2"]),
        eps=settings["epsilon"],
    )
    loss = float("nan")
    for step, tokens in enumerate(train, 1):
        rate = learning_rate(step, run["steps"], settings)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad(set_to_none=True)
        result = model(tokens[:, :-1], tokens[:, 1:])
        result.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, settings["clip"])
        optimiser.step()
        loss = result.item()
        report = {"event": "step", "step": step, "loss": loss, "gradientNorm": norm.item(), "learningRate": rate}
        print(json.dumps(report), flush=True)
    report = {
        "event": "finished",
        "steps": run["steps"],
        "trainLoss": loss,
        "validationLoss": validate(model, validation),
        "torch": torch.__version__,
    }
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
