#!/usr/bin/env python3
"""The same model in torch's pipelining over gloo, one process a stage and one thread each, behind bad links.

    bench/pipelining.py [--model small] [--stages 4] [--sequences 16] [--microbatch 1] [--steps 8] [--warmup 3]
                        [--schedule gpipe|1f1b] [--rate BITS_A_SECOND] [--latency MILLISECONDS]

Layers are cut as Murmuration cuts them. Forward, backward, clip by the norm of the stage, AdamW; what is received and sent
is what the schedule does by itself, in fp32. With a rate or a latency all of gloo's connections run through the proxy of
proxy.py; without, straight over loopback. Rates are from the time between two steps of the first stage, where a step
ends. Prints one JSON object. Needs torch, Linux and the right to make network namespaces (`unshare -rn`).
"""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import proxy

OWN = "--rank"
TIMEOUT = datetime.timedelta(minutes=5)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="small")
    parser.add_argument("--stages", type=int, default=4)
    parser.add_argument("--sequences", type=int, default=16)
    parser.add_argument("--microbatch", type=int, default=1)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--schedule", choices=["gpipe", "1f1b"], default="gpipe")
    parser.add_argument("--rate", type=float, default=0.0, help="bits a second in each direction of each pair; 0: no limit")
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds, one way")
    for hidden in (OWN, "--channel", "--store"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    return parser.parse_args()


def cut(layers, stages, stage):
    """First layer and how many, as StagePlan: the first and the last stage have more to do and get no spare one."""
    left = layers % stages
    with_one_more = range((stages - left) // 2, (stages - left) // 2 + left)
    counts = [layers // stages + (one in with_one_more) for one in range(stages)]
    return sum(counts[:stage]), counts[stage]


def stage_of(model, stage, stages):
    """The part of `model` that one stage has, as a module of one tensor to one tensor."""
    from torch import nn

    class Part(nn.Module):
        def __init__(self):
            super().__init__()
            first, count = cut(len(model.layers), stages, stage)
            self.layers = model.layers[first : first + count]
            self.embed_tokens = model.embed_tokens if stage == 0 else None
            self.norm = model.norm if stage == stages - 1 else None
            self.lm_head = model.lm_head if stage == stages - 1 else None
            self.register_buffer("cosine", model.cosine)
            self.register_buffer("sine", model.sine)

        def forward(self, x):
            if self.embed_tokens is not None:
                x = self.embed_tokens(x)
            for layer in self.layers:
                x = layer(x, self.cosine, self.sine)
            return x if self.norm is None else self.lm_head(self.norm(x))

    return Part()


def one_stage(options):
    import torch
    import torch.distributed as dist
    import torch.nn.functional as F
    from torch.distributed import pipelining
    from throughput import MODELS, VOCABULARY, Llama, synthetic

    rank, size = int(options.rank), options.stages
    torch.set_num_threads(1)
    torch.manual_seed(1)
    dim, layers, heads, ffn, sequence, _ = MODELS[options.model]
    part = stage_of(Llama(dim, layers, heads, ffn, sequence), rank, size)

    device = dist.ProcessGroupGloo.create_device(hostname=proxy.address(rank))
    if options.channel:
        with socket.socket(fileno=int(options.channel)) as channel:
            proxy.hand_over(channel, rank, size, proxy.listening(proxy.address(rank)))

    def gloo(store, rank, size, timeout):
        chosen = dist.ProcessGroupGloo._Options()
        chosen._devices = [device]
        chosen._timeout = timeout
        return dist.ProcessGroupGloo(store, rank, size, chosen)

    # As "gloo", but at an address that can be told: no setting does that.
    dist.Backend.register_backend("linked", gloo, devices=["cpu"])
    dist.init_process_group(
        "linked", store=dist.FileStore(options.store, size), rank=rank, world_size=size, timeout=TIMEOUT
    )

    def loss(logits, targets):
        return F.cross_entropy(logits.view(-1, VOCABULARY), targets.reshape(-1))

    stage = pipelining.PipelineStage(part, rank, size, torch.device("cpu"))
    schedules = {"gpipe": pipelining.ScheduleGPipe, "1f1b": pipelining.Schedule1F1B}
    schedule = schedules[options.schedule](stage, options.sequences // options.microbatch, loss_fn=loss)
    parameters = list(part.parameters())
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.dim() > 1], "weight_decay": 0.1},
            {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
        ],
        lr=1e-3,
        betas=(0.9, 0.95),
        eps=1e-8,
    )
    generator = torch.Generator().manual_seed(1)
    total = options.warmup + options.steps
    data = [synthetic(options.sequences, sequence + 1, generator) for _ in range(total)]
    marks, losses = [], []
    for tokens in data:
        optimiser.zero_grad(set_to_none=True)
        if rank == 0:
            schedule.step(tokens[:, :-1])
        elif rank == size - 1:
            parts = []
            schedule.step(target=tokens[:, 1:], losses=parts)
            losses.append(torch.stack(parts).mean().item())
        else:
            schedule.step()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        marks.append(time.monotonic())
    # Nobody leaves while another still needs him.
    dist.barrier()
    dist.destroy_process_group()
    report = {"marks": marks, "losses": losses, "torch": torch.__version__, "tokens": options.sequences * sequence}
    print(json.dumps(report), flush=True)


def main():
    options = arguments()
    if options.rank is not None:
        one_stage(options)
        return
    linked = options.rate > 0 or options.latency > 0
    with contextlib.ExitStack() as stack:
        store = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory())) / "store"
        environment = dict(os.environ, OMP_NUM_THREADS="1")
        stages, channels = [], []
        for rank in range(options.stages):
            command = [sys.executable, *sys.argv, OWN, str(rank), "--store", str(store)]
            ends = socket.socketpair() if linked else ()
            if linked:
                command = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]
                command += ["--channel", str(ends[1].fileno())]
                channels.append(stack.enter_context(ends[0]))
            stage = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, text=True, pass_fds=[one.fileno() for one in ends[1:]]
            )
            stack.callback(stage.wait)
            stack.callback(stage.kill)
            stages.append(stage)
            for end in ends[1:]:
                end.close()
        if linked:
            proxy.Proxy(channels, options.rate, options.latency / 1e3).open()
        reports = []
        for rank, stage in enumerate(stages):
            out, _ = stage.communicate()
            if stage.returncode != 0:
                sys.exit(f"stage {rank} ended with exit code {stage.returncode}")
            reports.append(json.loads(out.strip().splitlines()[-1]))
    first, last = reports[0], reports[-1]
    seconds = first["marks"][-1] - first["marks"][options.warmup - 1]
    report = {
        "model": options.model,
        "schedule": options.schedule,
        "stages": options.stages,
        "steps": options.steps,
        "tokensPerSecond": options.steps * first["tokens"] / seconds,
        "losses": last["losses"],
        "torch": first["torch"],
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
