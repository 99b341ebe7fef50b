#!/usr/bin/env python3
"""Writes our own compact set of reference numbers: bench/golden.py [FOLDER].

The default folder is tensors/src/test/resources/golden. Needs numpy and torch. Same seeds, same numbers: run it again
after a change here and commit what it writes. The format (safetensors plus manifest.json) is that of docs/golden.md;
tolerances leave room for fp32 arithmetic in another order of summation.
"""

import json
import math
import pathlib
import struct
import sys

import numpy as np
import torch

DTYPES = {np.dtype("<f4"): "F32", np.dtype("<i8"): "I64", np.dtype("u1"): "U8"}
FORWARD = {"atol": 1e-6, "rtol": 1e-5}
BACKWARD = {"atol": 1e-7, "rtol": 5e-5}


def save(path, tensors):
    """tensors: name -> numpy array of one of DTYPES."""
    header, blobs, at = {}, [], 0
    for name, array in sorted(tensors.items()):
        blob = np.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": DTYPES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [at, at + len(blob)],
        }
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


class Group:
    def __init__(self, root, name, description, elementwise=False, **extra):
        self.folder = root / name
        self.folder.mkdir(parents=True, exist_ok=True)
        rule = "|want|" if elementwise else "max|want| (max over the whole tensor)"
        prefix = "elementwise " if elementwise else ""
        self.manifest = {
            "group": name,
            "description": description,
            "tolerance_rule": f"{prefix}|got - want| <= atol + rtol * {rule}",
            **extra,
            "cases": [],
        }

    def case(self, name, params, files, **extra):
        """files: file -> tensor -> (array, None for an input or the tolerance of an expected tensor)."""
        entries = {}
        for file, tensors in files.items():
            save(self.folder / file, {name: array for name, (array, _) in tensors.items()})
            entries[file] = {
                name: {"dtype": DTYPES[array.dtype], "shape": list(array.shape)}
                | ({"role": "input"} if tol is None else {"role": "expected", "tol": tol})
                for name, (array, tol) in sorted(tensors.items())
            }
        self.manifest["cases"].append({"name": name, "params": params, **extra, "files": entries})

    def close(self):
        (self.folder / "manifest.json").write_text(json.dumps(self.manifest, indent=1) + "\n")


def f32(x):
    return np.asarray(x.detach().numpy() if isinstance(x, torch.Tensor) else x).astype("<f4")


# ---- llama: a decoder written out step by step, differentiated by autograd in fp64 ----------------------------------


def rms_norm(x, gain, eps):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * gain


def rotate(x, theta):
    """x [batch, heads, time, width]: pairs (j, j + width/2) turn by time * theta^(-2j/width)."""
    half = x.shape[-1] // 2
    time = torch.arange(x.shape[-2], dtype=torch.float64)[:, None]
    angle = time * theta ** (-torch.arange(half, dtype=torch.float64)[None, :] / half)
    a, b = x[..., :half], x[..., half:]
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def layer(x, w, p, c):
    batch, time, dim = x.shape
    heads, kv = c["n_heads"], c["n_kv_heads"]
    width = dim // heads
    n = rms_norm(x, w[p + "input_layernorm.weight"], c["rms_eps"])
    split = lambda name, count: (n @ w[p + name].T).reshape(batch, time, count, width).transpose(1, 2)
    q = rotate(split("self_attn.q_proj.weight", heads), c["rope_theta"])
    k = rotate(split("self_attn.k_proj.weight", kv), c["rope_theta"])
    v = split("self_attn.v_proj.weight", kv)
    mixed = []
    for head in range(heads):
        group = head * kv // heads
        scores = q[:, head] @ k[:, group].transpose(1, 2) / math.sqrt(width)
        future = torch.ones(time, time, dtype=torch.bool).triu(1)
        mixed.append(scores.masked_fill(future, -math.inf).softmax(-1) @ v[:, group])
    h = x + torch.cat(mixed, -1) @ w[p + "self_attn.o_proj.weight"].T
    n = rms_norm(h, w[p + "post_attention_layernorm.weight"], c["rms_eps"])
    gate = n @ w[p + "mlp.gate_proj.weight"].T
    up = n @ w[p + "mlp.up_proj.weight"].T
    return h + (gate * torch.sigmoid(gate) * up) @ w[p + "mlp.down_proj.weight"].T


def weights(rng, c, layers, whole):
    dim, ffn = c["dim"], c["ffn_dim"]
    kv_dim = c["n_kv_heads"] * c["head_dim"]
    matrix = lambda rows, columns: rng.standard_normal((rows, columns)) / math.sqrt(columns)
    gain = lambda: 1 + 0.15 * rng.standard_normal(dim)
    w = {}
    if whole:
        w["model.embed_tokens.weight"] = 0.7 * rng.standard_normal((c["vocab"], dim))
    for i in layers:
        p = f"model.layers.{i}."
        w[p + "input_layernorm.weight"] = gain()
        w[p + "self_attn.q_proj.weight"] = matrix(dim, dim)
        w[p + "self_attn.k_proj.weight"] = matrix(kv_dim, dim)
        w[p + "self_attn.v_proj.weight"] = matrix(kv_dim, dim)
        w[p + "self_attn.o_proj.weight"] = matrix(dim, dim)
        w[p + "post_attention_layernorm.weight"] = gain()
        w[p + "mlp.gate_proj.weight"] = matrix(ffn, dim)
        w[p + "mlp.up_proj.weight"] = matrix(ffn, dim)
        w[p + "mlp.down_proj.weight"] = matrix(dim, ffn)
    if whole:
        w["model.norm.weight"] = gain()
        w["lm_head.weight"] = matrix(c["vocab"], dim)
    return {name: value.astype("<f4") for name, value in w.items()}


def differentiable(arrays, dtype=torch.float64):
    return {name: torch.tensor(value, dtype=dtype, requires_grad=True) for name, value in arrays.items()}


def whole_model(group, rng, name, c):
    layers = range(c["n_layers"])
    arrays = weights(rng, c, layers, True)
    ids = rng.integers(0, c["vocab"], (c["batch"], c["seq"])).astype("<i8")
    targets = rng.integers(0, c["vocab"], (c["batch"], c["seq"])).astype("<i8")
    w = differentiable(arrays)
    x = w["model.embed_tokens.weight"][torch.tensor(ids)]
    hidden = {"hidden.embed": x}
    for i in layers:
        x = layer(x, w, f"model.layers.{i}.", c)
        hidden[f"hidden.layer{i}"] = x
    x = rms_norm(x, w["model.norm.weight"], c["rms_eps"])
    hidden["hidden.norm"] = x
    logits = x @ w["lm_head.weight"].T
    picked = torch.log_softmax(logits, -1).gather(-1, torch.tensor(targets)[..., None])
    loss = -picked.mean()
    loss.backward()
    activations = {key: (f32(value), FORWARD) for key, value in hidden.items()}
    activations |= {
        "logits": (f32(logits), FORWARD),
        "loss": (f32(loss).reshape(1), {"atol": 2e-6, "rtol": 0}),
        "input_ids": (ids, None),
        "targets": (targets, None),
    }
    files = {
        f"{name}.weights.safetensors": {key: (value, None) for key, value in arrays.items()},
        f"{name}.activations.safetensors": activations,
        f"{name}.grads.safetensors": {"grad." + key: (f32(value.grad), BACKWARD) for key, value in w.items()},
    }
    group.case(name, c, files, description="whole model: forward, loss, gradient of every weight", loss=loss.item())


def middle_stage(group, rng, name, c):
    arrays = weights(rng, c, c["layers"], False)
    shape = (c["batch"], c["seq"], c["dim"])
    given = rng.standard_normal(shape).astype("<f4")
    grad_output = (0.05 * rng.standard_normal(shape)).astype("<f4")
    w = differentiable(arrays)
    start = torch.tensor(given, dtype=torch.float64, requires_grad=True)
    x, hidden = start, {}
    for i in c["layers"]:
        x = layer(x, w, f"model.layers.{i}.", c)
        hidden[f"hidden.layer{i}"] = x
    x.backward(torch.tensor(grad_output, dtype=torch.float64))
    activations = {key: (f32(value), FORWARD) for key, value in hidden.items()}
    activations |= {
        "input": (given, None),
        "grad_output": (grad_output, None),
        "output": (f32(x), FORWARD),
        "grad_input": (f32(start.grad), BACKWARD),
    }
    files = {
        f"{name}.weights.safetensors": {key: (value, None) for key, value in arrays.items()},
        f"{name}.activations.safetensors": activations,
        f"{name}.grads.safetensors": {"grad." + key: (f32(value.grad), BACKWARD) for key, value in w.items()},
    }
    group.case(name, c, files, description="middle stage: input and grad_output in, all gradients out")


def llama(root):
    rng = np.random.default_rng(20260201)
    shared = {"rms_eps": 1e-5, "rope_theta": 10000.0}
    group = Group(
        root,
        "llama",
        "Llama-style decoder, forward and backward; fp64 autograd from fp32 inputs, rounded to fp32",
        layout={
            "weights": "Hugging Face names, [out, in], y = x @ W^T",
            "rope": "rotate-half, positions from 0",
            "attention": "causal, scale 1/sqrt(head_dim), query head h uses kv head floor(h * kv / heads)",
            "loss": "mean cross-entropy in nats over all tokens, targets given",
        },
    )
    # An odd sequence and widths that are no multiples of a vector register find more than round numbers do.
    whole_model(group, rng, "mha", shared | {
        "dim": 24, "n_heads": 4, "n_kv_heads": 4, "ffn_dim": 52, "vocab": 61, "n_layers": 2,
        "batch": 2, "seq": 11, "head_dim": 6,
    })
    whole_model(group, rng, "gqa", shared | {
        "dim": 32, "n_heads": 8, "n_kv_heads": 2, "ffn_dim": 44, "vocab": 50, "n_layers": 2,
        "batch": 3, "seq": 7, "head_dim": 4,
    })
    middle_stage(group, rng, "stage_gqa", shared | {
        "dim": 36, "n_heads": 3, "n_kv_heads": 1, "ffn_dim": 40, "layers": [1, 2],
        "batch": 2, "seq": 9, "head_dim": 12,
    })
    group.close()


# ---- optim: the formulas in fp64 from fp32 inputs -------------------------------------------------------------------


def adamw(group, rng, name, steps, shapes, betas, eps, decay, rate, rates=None):
    b1, b2 = betas
    state = {"atol": 1e-9, "rtol": 5e-6}
    tensors = {} if rates is None else {"lr": (rates.astype("<f4"), None)}
    for parameter, shape in shapes.items():
        start = rng.standard_normal(shape).astype("<f4")
        # Magnitudes that change from step to step keep both moments busy.
        size = np.exp(rng.normal(-2, 1, (steps,) + (1,) * len(shape)))
        gradients = (size * rng.standard_normal((steps,) + shape)).astype("<f4")
        p, m, v = start.astype("f8"), np.zeros(shape), np.zeros(shape)
        trace = []
        for t in range(1, steps + 1):
            g = gradients[t - 1].astype("f8")
            lr = rate if rates is None else float(rates.astype("<f4")[t - 1])
            p = p * (1 - lr * decay)
            m = b1 * m + (1 - b1) * g
            v = b2 * v + (1 - b2) * g * g
            p = p - lr / (1 - b1**t) * m / (np.sqrt(v) / math.sqrt(1 - b2**t) + eps)
            trace.append(p)
            if t in (1, steps):
                tensors[f"exp_avg.step{t}.{parameter}"] = (f32(m), state)
                tensors[f"exp_avg_sq.step{t}.{parameter}"] = (f32(v), state)
        tensors["param_init." + parameter] = (start, None)
        tensors["grad." + parameter] = (gradients, None)
        tensors["param." + parameter] = (f32(np.stack(trace)), {"atol": 1e-7, "rtol": 2e-6})
    params = {"lr": rate, "betas": list(betas), "eps": eps, "weight_decay": decay}
    group.case(name, params, {name + ".safetensors": tensors}, description=f"{steps} steps, all parameters decay")


def adamw_bits(group, rng, name, steps, length):
    """The kernel is to give equal bits everywhere, so here every fp32 operation is done on its own, in its order."""
    f = np.float32
    lr, b1, b2, eps, decay = 2e-3, 0.9, 0.95, 1e-8, 0.1
    start = rng.standard_normal(length).astype("<f4")
    gradients = (0.3 * rng.standard_normal((steps, length))).astype("<f4")
    p, m, v = start, np.zeros(length, "<f4"), np.zeros(length, "<f4")
    trace = []
    for t in range(1, steps + 1):
        g = gradients[t - 1]
        m = f(b1) * m + f(1 - b1) * g
        v = f(b2) * v + f(1 - b2) * (g * g)
        denominator = np.sqrt(v) / f(math.sqrt(1 - b2**t)) + f(eps)
        p = p * f(1 - lr * decay) - f(lr / (1 - b1**t)) * (m / denominator)
        trace.append(p)
    tensors = {
        "param_init.x": (start, None),
        "grad.x": (gradients, None),
        "param.x": (np.stack(trace), "exact"),
        f"exp_avg.step{steps}.x": (m, "exact"),
        f"exp_avg_sq.step{steps}.x": (v, "exact"),
    }
    params = {"lr": lr, "betas": [b1, b2], "eps": eps, "weight_decay": decay}
    group.case(name, params, {name + ".safetensors": tensors}, description="fp32 operation by operation")


def clip(group, rng, name, max_norm, size):
    gradients = {key: (size * rng.standard_normal(shape)).astype("<f4") for key, shape in
                 {"a": (13, 5), "b": (29,), "c": (1,)}.items()}
    norm = math.sqrt(sum((g.astype("f8") ** 2).sum() for g in gradients.values()))
    factor = min(1.0, max_norm / (norm + 1e-6))
    tensors = {"norm": (f32([norm]), {"atol": 0, "rtol": 2e-6})}
    for key, g in gradients.items():
        tensors["grad." + key] = (g, None)
        tensors["clipped." + key] = (f32(g.astype("f8") * factor), {"atol": 1e-9, "rtol": 2e-6})
    group.case(name, {"max_norm": max_norm}, {name + ".safetensors": tensors}, description="global norm")


def schedule(group, name, p, rate, steps):
    def at(step):
        if step < p["warm"]:
            return p["init"] + (p["base"] - p["init"]) * step / p["warm"]
        return rate(step - p["warm"])

    table = [at(step) for step in range(steps)]
    tensors = {"lr": (f32(table), {"atol": 0, "rtol": 2e-7})}
    group.case(name, p, {name + ".safetensors": tensors}, description="learning rate of step 0, 1, ...", lr_f64=table)


def torch_steps(make, start, gradients, before=lambda p: None):
    """Parameters after every step of a torch optimiser in fp64, and the optimiser's state at the end of each."""
    p = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimiser, trace, states = make([p]), [], []
    for gradient in gradients:
        before(p)
        p.grad = torch.tensor(gradient, dtype=torch.float64)
        optimiser.step()
        trace.append(p.detach().numpy().copy())
        states.append({key: value.detach().numpy().copy() for key, value in optimiser.state[p].items()
                       if isinstance(value, torch.Tensor)})
    return np.stack(trace), states


def from_torch(group, rng, name, steps, shapes, params, vectors, make, before=lambda p: None):
    tensors = {}
    for parameter, shape in shapes.items():
        start = rng.standard_normal(shape).astype("<f4")
        size = np.exp(rng.normal(-2, 1, (steps,) + (1,) * len(shape)))
        gradients = (size * rng.standard_normal((steps,) + shape)).astype("<f4")
        trace, states = torch_steps(make, start, gradients, before)
        tensors["param_init." + parameter] = (start, None)
        tensors["grad." + parameter] = (gradients, None)
        tensors["param." + parameter] = (f32(trace), {"atol": 1e-7, "rtol": 2e-6})
        for t in (1, steps):
            for vector in vectors:
                tensors[f"{vector}.step{t}.{parameter}"] = (f32(states[t - 1][vector]), {"atol": 1e-9, "rtol": 5e-6})
            if "mu_product" in states[t - 1]:
                product = f32(states[t - 1]["mu_product"]).reshape(1)
                tensors[f"mu_product.step{t}"] = (product, {"atol": 1e-9, "rtol": 5e-6})
    group.case(name, params, {name + ".safetensors": tensors}, description=f"torch.optim in fp64, {steps} steps")


def nadam(group, rng, name, steps, shapes, params):
    make = lambda p: torch.optim.NAdam(
        p, lr=params["lr"], betas=tuple(params["betas"]), eps=params["eps"], weight_decay=params["weight_decay"],
        momentum_decay=params["momentum_decay"], decoupled_weight_decay=params["decoupled_weight_decay"])
    from_torch(group, rng, name, steps, shapes, params, ["exp_avg", "exp_avg_sq"], make)


def sgd(group, rng, name, steps, shapes, params):
    make = lambda p: torch.optim.SGD(p, lr=params["lr"], momentum=params["momentum"], nesterov=params["nesterov"])

    def decay(p):  # torch's own decay is L2; this one is decoupled
        with torch.no_grad():
            p.mul_(1 - params["lr"] * params["weight_decay"])

    vectors = ["momentum_buffer"] if params["momentum"] > 0 else []
    from_torch(group, rng, name, steps, shapes, params, vectors, make, decay)


INNER = {"lr": 4e-3, "betas": [0.9, 0.95], "eps": 1e-8, "weight_decay": 0.1}
OUTER = {"atol": 1e-6, "rtol": 2e-6}


def inner(replicas):
    return [torch.optim.AdamW([p], lr=INNER["lr"], betas=tuple(INNER["betas"]), eps=INNER["eps"],
                              weight_decay=INNER["weight_decay"]) for p in replicas]


def inner_step(p, optimiser, gradient):
    p.grad = torch.tensor(gradient, dtype=torch.float64)
    optimiser.step()


def diloco(group, rng, name, weights, rounds, steps, shapes, rate, momentum):
    workers = len(weights)
    tensors = {}
    for parameter, shape in shapes.items():
        start = rng.standard_normal(shape).astype("<f4")
        gradients = (0.3 * rng.standard_normal((rounds, workers, steps) + shape)).astype("<f4")
        theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        outer = torch.optim.SGD([theta], lr=rate, momentum=momentum, nesterov=True)
        replicas = [torch.tensor(start, dtype=torch.float64, requires_grad=True) for _ in weights]
        inners = inner(replicas)
        trace = {"local": [], "delta": [], "global": [], "momentum": []}
        for r in range(rounds):
            for i in range(workers):
                for k in range(steps):
                    inner_step(replicas[i], inners[i], gradients[r, i, k])
            trace["local"].append(np.stack([p.detach().numpy().copy() for p in replicas]))
            mean = sum(w * (theta - p).detach() for w, p in zip(weights, replicas)) / sum(weights)
            theta.grad = mean
            outer.step()
            with torch.no_grad():
                for p in replicas:
                    p.copy_(theta)
            trace["delta"].append(mean.numpy())
            trace["global"].append(theta.detach().numpy().copy())
            trace["momentum"].append(outer.state[theta]["momentum_buffer"].numpy().copy())
        tensors["param_init." + parameter] = (start, None)
        tensors["grad." + parameter] = (gradients, None)
        for key, values in trace.items():
            tensors[f"{key}.{parameter}"] = (f32(np.stack(values)), OUTER)
    params = {"workers": workers, "H": steps, "rounds": rounds, "outer_lr": rate, "outer_momentum": momentum,
              "worker_weights": weights, "inner": INNER}
    group.case(name, params, {name + ".safetensors": tensors}, description="torch AdamW inner, torch SGD outer, fp64")


def streaming(group, rng, name, workers, fragments, steps, period, tau, alpha, shapes):
    count = len(fragments)
    of = {parameter: p for p, names in enumerate(fragments) for parameter in names}
    applies = lambda t, p: t - tau >= 1 and t % period == ((p + 1) * period // count) % period
    events = []
    for t in range(1, steps + 1):
        events += [{"step": t, "fragment": p, "event": "send"} for p in range(count) if applies(t + tau, p)]
        events += [{"step": t, "fragment": p, "event": "apply"} for p in range(count) if applies(t, p)]
    tensors = {}
    for parameter, shape in shapes.items():
        start = rng.standard_normal(shape).astype("<f4")
        gradients = (0.3 * rng.standard_normal((steps, workers) + shape)).astype("<f4")
        replicas = [torch.tensor(start, dtype=torch.float64, requires_grad=True) for _ in range(workers)]
        inners = inner(replicas)
        theta, momentum, sent = start.astype("f8"), np.zeros(shape), None
        trace = {"local": [], "global": []}
        for t in range(1, steps + 1):
            for p, optimiser, gradient in zip(replicas, inners, gradients[t - 1]):
                inner_step(p, optimiser, gradient)
            if applies(t + tau, of[parameter]):
                sent = sum(theta - p.detach().numpy() for p in replicas) / workers
            if applies(t, of[parameter]):
                momentum = 0.9 * momentum + sent
                theta = theta - 0.7 * (sent + 0.9 * momentum)
                with torch.no_grad():
                    for p in replicas:
                        p.copy_(alpha * p + (1 - alpha) * torch.tensor(theta))
            trace["local"].append(np.stack([p.detach().numpy().copy() for p in replicas]))
            trace["global"].append(theta)
        tensors["param_init." + parameter] = (start, None)
        tensors["grad." + parameter] = (gradients, None)
        tensors["momentum_final." + parameter] = (f32(momentum), OUTER)
        for key, values in trace.items():
            tensors[f"{key}.{parameter}"] = (f32(np.stack(values)), OUTER)
    params = {"workers": workers, "fragments": fragments, "H": period, "tau": tau, "alpha": alpha, "steps": steps,
              "outer_lr": 0.7, "outer_momentum": 0.9, "inner": INNER}
    group.case(name, params, {name + ".safetensors": tensors}, events=events)


def power_sgd(group, rng, name, workers, rank, steps, shapes):
    """arXiv 1905.13727, algorithms 1 and 2, with a QR decomposition where the code has Gram-Schmidt."""
    tol = {"atol": 2e-7, "rtol": 1e-5}
    tensors = {}
    for parameter, shape in shapes.items():
        gradients = rng.standard_normal((steps, workers) + shape).astype("<f4")
        tensors["grad." + parameter] = (gradients, None)
        rows, columns = shape if len(shape) == 2 else (1, shape[0])
        if 2 * rank * (rows + columns) > rows * columns:
            tensors["update." + parameter] = (f32(gradients.astype("f8").mean(1)), tol)
            continue
        start = rng.standard_normal((columns, rank)).astype("<f4")
        q, e = start.astype("f8"), np.zeros((workers,) + shape)
        trace = {"update": [], "residual": [], "factor": []}
        for g in gradients:
            m = g + e
            basis, triangle = np.linalg.qr((m @ q).mean(0))
            basis = basis * np.sign(np.diag(triangle))
            q = (m.transpose(0, 2, 1) @ basis).mean(0)
            e = m - basis @ q.T
            for key, value in zip(trace, (basis @ q.T, e, q)):
                trace[key].append(value)
        tensors["factor_init." + parameter] = (start, None)
        for key, values in trace.items():
            tensors[f"{key}.{parameter}"] = (f32(np.stack(values)), tol)
    params = {"workers": workers, "rank": rank, "steps": steps,
              "shapes": {parameter: list(shape) for parameter, shape in shapes.items()}}
    group.case(name, params, {name + ".safetensors": tensors},
               description="grad and residual [step, worker, ...], update [step, ...], factor [step, columns, rank]")


def half_cosine(a, b, share):
    return b + (a - b) * 0.5 * (1 + math.cos(math.pi * share))


def schedules(group):
    p = {"base": 2e-3, "warm": 0, "init": 0.0}
    schedule(group, "sched_constant", p, lambda s: 2e-3, 9)
    p = {"base": 1e-3, "warm": 3, "init": 1e-4, "total": 17, "final": 2e-4}
    schedule(group, "sched_linear", p, lambda s: 1e-3 + (2e-4 - 1e-3) * min(s / 14, 1), 21)
    p = {"base": 1e-3, "warm": 4, "init": 0.0, "total": 31, "final": 1e-4}
    schedule(group, "sched_cosine", p, lambda s: half_cosine(1e-3, 1e-4, min(s / 27, 1)), 37)
    p = {"base": 3e-4, "warm": 2, "init": 3e-5, "stable": 5, "cosd": 6, "cosfinal": 1e-4, "lind": 4, "linfinal": 2e-5}

    def wsd(s):
        if s < 5:
            return 3e-4
        if s < 11:
            return half_cosine(3e-4, 1e-4, (s - 5) / 6)
        return 1e-4 + (2e-5 - 1e-4) * min((s - 11) / 4, 1)

    schedule(group, "sched_wsd", p, wsd, 20)


def optim(root):
    rng = np.random.default_rng(20260202)
    group = Group(root, "optim", "AdamW, clipping, learning rates; fp64 from fp32 inputs, rounded to fp32")
    adamw(group, rng, "adamw", 12, {"m": (9, 4), "g": (17,)}, (0.9, 0.95), 1e-8, 0.1, 1e-3)
    warm = np.minimum(np.arange(1, 9) / 5, 1) * 6e-4
    adamw(group, rng, "adamw_warm", 8, {"m": (3, 21)}, (0.85, 0.99), 1e-6, 0.05, 6e-4, warm)
    # Longer than one chunk of the kernel, and no multiple of it.
    adamw(group, rng, "adamw_long", 2, {"m": (67, 65)}, (0.9, 0.999), 1e-8, 0.01, 3e-3)
    adamw_bits(group, rng, "adamw_bits", 6, 1027)
    clip(group, rng, "clip_above", 1.0, 0.7)
    clip(group, rng, "clip_below", 2.5, 0.02)
    clip(group, rng, "clip_zero", 1.0, 0.0)
    schedules(group)
    adam = {"lr": 2e-3, "betas": [0.95, 0.99], "eps": 1e-8, "weight_decay": 0.03, "momentum_decay": 0.004}
    nadam(group, rng, "nadam_decoupled", 9, {"m": (5, 4), "g": (7,)}, adam | {"decoupled_weight_decay": True})
    nadam(group, rng, "nadam_l2", 9, {"m": (13,)}, adam | {"decoupled_weight_decay": False, "momentum_decay": 0.02})
    plain = {"lr": 0.05, "weight_decay": 0.1}
    sgd(group, rng, "sgd_plain", 5, {"m": (11,)}, plain | {"momentum": 0.0, "nesterov": False})
    sgd(group, rng, "sgd_momentum", 8, {"m": (11,)}, plain | {"momentum": 0.85, "nesterov": False})
    sgd(group, rng, "sgd_nesterov", 8, {"m": (5, 3)}, plain | {"momentum": 0.9, "nesterov": True})
    diloco(group, rng, "diloco_w3", [2.0, 1.0, 4.0], 3, 3, {"m": (4, 3), "g": (5,)}, 0.7, 0.9)
    diloco(group, rng, "diloco_w1", [1.0], 2, 4, {"m": (6,)}, 0.9, 0.5)
    shapes = {"a": (5,), "b": (3, 2), "c": (4,), "d": (1,)}
    streaming(group, rng, "streaming_p3", 2, [["a", "d"], ["b"], ["c"]], 14, 6, 2, 0.5, shapes)
    streaming(group, rng, "streaming_tau0", 3, [["a", "b", "c", "d"]], 7, 3, 0, 0.25, shapes)
    # The second matrix is small enough to be averaged as it is.
    shapes = {"a": (12, 17), "g": (11,), "b": (5, 9), "c": (15, 8)}
    power_sgd(group, rng, "powersgd_r2", 3, 2, 3, shapes)
    power_sgd(group, rng, "powersgd_r3_w1", 1, 3, 3, {"a": (16, 21), "g": (5,)})
    group.close()


# ---- robust: numpy in fp64 from fp32 inputs ------------------------------------------------------------------------


def krum_scores(distances, alive, neighbours):
    return {i: sum(sorted(distances[i][j] for j in alive if j != i)[:neighbours]) for i in alive}


def centered_clip(x, tau, iterations, tolerance):
    v = np.median(x, axis=0)
    for _ in range(iterations):
        step = np.mean([(row - v) * min(1, tau / max(np.linalg.norm(row - v), 1e-300)) for row in x], axis=0)
        v = v + step
        if np.linalg.norm(step) <= tolerance:
            break
    return v


def robust_case(group, rng, n, f, length, attack):
    honest = rng.standard_normal(length) + 0.3 * rng.standard_normal((n, length))
    bad = rng.choice(n, f, replace=False)
    for i in bad:
        honest[i] = {"flip": -8 * honest[i], "noise": 40 * rng.standard_normal(length), "huge": np.full(length, 1e6)}[attack]
    vectors = honest.astype("<f4")
    x = vectors.astype("f8")
    distances = ((x[:, None] - x[None]) ** 2).sum(-1)
    everybody = list(range(n))
    scores = krum_scores(distances, everybody, n - f - 2)
    ranked = sorted(everybody, key=lambda i: (scores[i], i))
    several = sorted(ranked[: n - f])
    z = x.mean(0)
    for _ in range(100):
        w = 1 / np.maximum(0.1, np.linalg.norm(x - z, axis=1))
        z = (w[:, None] * x).sum(0) / w.sum()
    ordered = np.sort(x, axis=0)
    norms = np.linalg.norm(x, axis=1)
    clipped = x * np.minimum(1, np.median(norms) / norms)[:, None]
    close, looser, index = {"atol": 2e-6, "rtol": 2e-6}, {"atol": 1e-5, "rtol": 1e-5}, "exact"
    tensors = {
        "vectors": (vectors, None),
        "mean": (f32(x.mean(0)), close),
        "median": (f32(np.median(x, axis=0)), close),
        "trimmed_mean": (f32(ordered[f : n - f].mean(0)), close),
        "krum": (vectors[ranked[0]], "exact"),
        "krum_index": (np.array([ranked[0]], "<i8"), index),
        "krum_scores": (f32([scores[i] for i in everybody]), {"atol": 0, "rtol": 1e-5}),
        "multi_krum": (f32(x[several].mean(0)), close),
        "multi_krum_indices": (np.array(several, "<i8"), index),
        "geometric_median": (f32(z), looser),
        "centered_clip_tau1_20": (f32(centered_clip(x, 1, 20, 0)), looser),
        "centered_clip_tau2.5_7": (f32(centered_clip(x, 2.5, 7, 0)), looser),
        "centered_clip_tau1_conv": (f32(centered_clip(x, 1, 20000, 1e-6)), {"atol": 5e-5, "rtol": 1e-5}),
        "norm_clip": (f32(clipped.mean(0)), close),
    }
    if n >= 4 * f + 3:
        alive, chosen = list(everybody), []
        while len(chosen) < n - 2 * f:
            late = krum_scores(distances, alive, max(1, len(alive) - f - 2))
            chosen.append(min(alive, key=lambda i: (late[i], i)))
            alive.remove(chosen[-1])
        picked = x[chosen]
        away = np.abs(picked - np.median(picked, axis=0))
        nearest = np.argsort(away, axis=0, kind="stable")[: len(chosen) - 2 * f]
        tensors["bulyan"] = (f32(np.take_along_axis(picked, nearest, 0).mean(0)), close)
        tensors["bulyan_selected_order"] = (np.array(chosen, "<i8"), index)
    name = f"{attack}_{n}_{f}"
    group.case(name, {"n": n, "f": f, "length": length}, {name + ".safetensors": tensors})


def robust(root):
    rng = np.random.default_rng(20260204)
    group = Group(root, "robust", "robust rules by their definitions; fp64 from fp32 inputs, rounded to fp32")
    for n, f, length, attack in [(5, 1, 19, "noise"), (11, 2, 33, "flip"), (16, 3, 18, "huge"), (19, 4, 21, "flip"),
                                 (3, 0, 7, "noise")]:
        robust_case(group, rng, n, f, length, attack)
    group.close()


# ---- routing: bisection where the code has a closed form ---------------------------------------------------------------


def shares(bandwidths):
    n = len(bandwidths)
    level = lambda xi: [max(0.0, (xi * b - 1) / (n - 2)) for b in bandwidths]
    low, high = 0.0, 2 * n / min(b for b in bandwidths if b > 0)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(level(middle)) < 1 else (low, middle)
    return level(high)


def apportion(total, scores):
    exact = [total * score / sum(scores) for score in scores]
    given = [math.floor(e) for e in exact]
    while sum(given) < total:
        best = max(range(len(scores)), key=lambda i: (scores[i] / (given[i] + 1), -i))
        given[best] += 1
    return given


def partition_case(size, bandwidths, least, check):
    positive = [b for b in bandwidths if b]
    mean = sum(positive) / len(positive) if positive else 1.0
    known = [mean if b is None else b for b in bandwidths]
    n = len(known)
    w = shares(known) if n > 2 else [b / sum(known) for b in known]
    if max(w) * size >= least:
        w = [share if share * size >= least else 0.0 for share in w]
    parts = apportion(size, w)
    cost = max((size + (n - 2) * part) / b for part, b in zip(parts, known) if b > 0)
    slack = (n - 2) / min(b for b in known if b > 0)
    return {"vector_size": size, "bandwidths": bandwidths, "min_size": least, "partition": parts, "check": check,
            "partition_cost": cost, "max_cost": cost + slack, "element_slack": 1}


def averaging(group, rng, name, weights, parts, silent, deaf, lost):
    peers, length = len(weights), sum(parts)
    vectors = rng.standard_normal((peers, length)).astype("<f4")
    x, w = vectors.astype("f8"), np.array(weights)
    mean = (w[:, None] * x).sum(0) / w.sum()
    bounds = np.cumsum([0] + parts)
    heard = w * (np.arange(peers) != silent)
    quiet, broken = mean.copy(), np.repeat(mean[None], peers, 0)
    part = slice(bounds[deaf], bounds[deaf + 1])
    quiet[part] = ((heard[:, None] * x).sum(0) / heard.sum())[part]
    part = slice(bounds[lost], bounds[lost + 1])
    broken[:, part] = x[:, part]
    tol = {"atol": 1e-7, "rtol": 1e-6}
    tensors = {"vectors": (vectors, None), "mean": (f32(mean), tol), "mean_silent_sender": (f32(quiet), tol),
               "result_lost_owner": (f32(broken), tol)}
    params = {"peers": peers, "length": length, "weights": weights, "parts": parts, "silent_sender": silent,
              "silent_to_owner": deaf, "lost_owner": lost}
    group.case(name, params, {name + ".safetensors": tensors})


def routing(root):
    rng = np.random.default_rng(20260205)
    cases = [(77, [1, 1, 1], 0, "exact"), (1000, [5, 4.5, 4, 1], 0, "cost"), (5000, [0, 3, 2.5, None, 3.2], 0, "exact"),
             (640, [None] * 5, 0, "exact"), (900, [9, 8, 7.5, 8.5], 170, "cost"), (11, [2, 3, 2.5], 100, "cost"),
             (40, [0, 0, 7], 0, "exact"), (64, [3, 1], 0, "cost")]
    scores = [(17, [1, 1, 1, 1]), (1000, [0.37, 0.11, 0.52]), (5, [0, 2, 0, 1]), (0, [1, 2])]
    group = Group(
        root, "routing", "partition by bandwidth, apportionment, lenient averaging",
        partition_cases=[partition_case(*case) for case in cases],
        partition_errors=[{"vector_size": 8, "bandwidths": [0, 0.0], "expect": "error: no bandwidth above 0"}],
        apportionment_cases=[{"vector_size": size, "scores": each, "allocation": apportion(size, each),
                              "check": "exact"} for size, each in scores],
    )
    averaging(group, rng, "averaging_weighted", [2.0, 1.0, 0.5], [5, 9, 3], 0, 1, 2)
    averaging(group, rng, "averaging_even", [1.0] * 4, [4, 0, 6, 1], 3, 2, 0)
    group.close()


# ---- codecs: one fp32 operation at a time ---------------------------------------------------------------------------


def block8(x, block):
    scales, codes, decoded = [], [], []
    for start in range(0, len(x), block):
        part = x[start : start + block]
        top = np.abs(part).max().astype("<f4")
        scale = np.float32(top / np.float32(127))
        if scale == 0:
            code = np.zeros(len(part), "i1")
        else:
            code = np.clip(np.rint(part / scale), -127, 127).astype("i1")
        scales.append(top)
        codes.append(code)
        decoded.append(code.astype("<f4") * scale)
    wire = np.array(scales, "<f4").tobytes() + np.concatenate(codes).tobytes()
    return np.frombuffer(wire, "u1"), np.concatenate(decoded)


def half(x):
    coded = np.clip(x, -65504, 65504).astype("<f2")
    return np.frombuffer(coded.tobytes(), "u1"), coded.astype("<f4")


def bfloat(x):
    coded = torch.tensor(x).to(torch.bfloat16)
    return np.frombuffer(coded.view(torch.int16).numpy().tobytes(), "u1"), f32(coded.to(torch.float32))


def minmax8(x, chunk):
    wire, decoded = b"", []
    for start in range(0, len(x), chunk):
        part = x[start : start + chunk]
        low = part.min()
        scale = np.float32((part.max() - low) / np.float32(255))
        code = np.zeros(len(part), "u1") if scale == 0 else np.clip(np.rint((part - low) / scale), 0, 255).astype("u1")
        wire += low.tobytes() + scale.tobytes() + code.tobytes()
        decoded.append(low + code.astype("<f4") * scale)
    return np.frombuffer(wire, "u1"), np.concatenate(decoded)


def int4(x, block):
    wire, decoded = b"", []
    for start in range(0, len(x), block):
        part = x[start : start + block]
        scale = np.float32(np.abs(part).max() / np.float32(7))
        code = np.zeros(len(part), "i4") if scale == 0 else np.clip(np.rint(part / scale), -7, 7).astype("i4")
        nibbles = np.append(code + 8, [8] * (len(code) % 2)).astype("u1")
        wire += scale.tobytes() + (nibbles[::2] | nibbles[1::2] << 4).tobytes()
        decoded.append(code.astype("<f4") * scale)
    return np.frombuffer(wire, "u1"), np.concatenate(decoded)


def sign1(x):
    negative = np.signbit(x)
    return np.packbits(negative, bitorder="little"), np.where(negative, -1, 1).astype("<f4")


def dynamic_table():
    values = [0.0, 1.0]
    for i in range(7):
        borders = torch.linspace(0.1, 1, 2**i + 1)
        middles = 10.0 ** (i - 6) * ((borders[:-1] + borders[1:]) / 2)
        values += middles.tolist() + (-middles).tolist()
    return np.sort(np.array(values)).astype("<f4")


def block8_dynamic(x, block, table):
    scales, codes, decoded = [], [], []
    middles = (table[:-1] + table[1:]) / np.float32(2)
    for start in range(0, len(x), block):
        part = x[start : start + block]
        top = np.abs(part).max()
        factor = np.float32(0) if top == 0 else np.float32(1) / top
        code = np.searchsorted(middles, np.clip(part * factor, -1, 1), side="left")
        scales.append(top)
        codes.append(code.astype("u1"))
        decoded.append(table[code] * top)
    head = struct.pack("<qq", len(scales), len(table)) + np.array(scales, "<f4").tobytes() + table.tobytes()
    return np.frombuffer(head + np.concatenate(codes).tobytes(), "u1"), np.concatenate(decoded)


def meanstd16(x):
    """In fp64 but for the rounding of the parts: halves may be off by one unit of the last place."""
    rows = x.reshape(-1, x.shape[-1]).astype("f8")
    means = rows.mean(1).astype("<f4")
    centred = rows - means[:, None]
    stds = np.maximum(np.sqrt((centred**2).mean(1)), 2.0**-23).astype("<f4")
    halves = (centred / stds[:, None]).astype("<f2")
    decoded = (halves.astype("f8") * stds[:, None] + means[:, None]).astype("<f4").reshape(x.shape)
    return halves.view("<u2").astype("<i8").reshape(x.shape), means, stds, decoded


def bucket_means(x, codes):
    sums, counts = np.zeros(256), np.bincount(codes, minlength=256)
    np.add.at(sums, codes, x.astype("f8"))
    return (sums / np.maximum(counts, 1)).astype("<f4")


def uniform8(x):
    centred = x.astype("f8") - x.astype("f8").mean()
    width = 6 * np.sqrt((centred**2).sum() / (len(x) - 1)) / 256
    return np.clip(np.rint(centred / width) + 128, 0, 255).astype("u1")


def quantile8(x):
    borders = np.quantile(x.astype("f8"), np.arange(1, 256) / 256).astype("<f4")
    return np.searchsorted(borders, x, side="left").astype("u1")


def top(x, k):
    """Ascending indices of the k largest magnitudes, ties to the lower index."""
    return np.sort(np.lexsort((np.arange(len(x)), -np.abs(x.astype("f8"))))[:k])


def topk(x, percent):
    k = max(1, math.ceil(len(x) * percent / 100))
    index = top(x, k)
    decoded = np.zeros_like(x)
    decoded[index] = x[index]
    wire = np.array([k], "<u4").tobytes() + index.astype("<u4").tobytes() + x[index].tobytes()
    return np.frombuffer(wire, "u1"), decoded


def packed(values, width):
    """Lowest bit first."""
    bits = sum(int(value) << width * i for i, value in enumerate(values))
    return bits.to_bytes(math.ceil(len(values) * width / 8), "little")


def sparse2bit(x, chunk, k):
    chunks = [np.arange(start, min(len(x), start + chunk)) for start in range(0, len(x), chunk)]
    picked = [part[top(x[part], min(k, len(part)))] for part in chunks]
    values = np.concatenate([x[index] for index in picked])
    shift = np.float32(values.astype("f8").mean())
    centred = values - shift
    spread = 6 * np.sqrt((centred.astype("f8") ** 2).sum()) / math.sqrt(max(1, len(values) - 1)) / 4
    scale = np.float32(spread) if spread > 0 else np.float32(1)
    exact = centred / scale + np.float32(2)
    away = np.abs(exact - np.floor(exact) - 0.5)
    assert away.min() > 1e-5, "a code near a tie: choose other inputs"
    codes = np.clip(np.rint(exact), 0, 3).astype(int)
    lookup = np.array([centred[codes == b].astype("f8").mean() if (codes == b).any() else 0 for b in range(4)], "<f4")
    payload, at = b"", 0
    decoded = np.zeros_like(x)
    for part, index in zip(chunks, picked):
        local = [int(i - part[0]) for i in index]
        payload += packed(local + [0] * (len(local) % 2), 12) + packed(codes[at : at + len(index)], 2)
        decoded[index] = lookup[codes[at : at + len(index)]] + shift
        at += len(index)
    return np.append(shift, lookup).astype("<f4"), np.frombuffer(payload, "u1"), decoded


def sparse(group, inputs):
    for percent in (1, 7):
        tensors = {}
        for key, value in inputs.items():
            if value.ndim > 1 or (percent > 1 and key == "normal"):
                continue
            wire, decoded = topk(value, percent)
            tensors[key + ".bytes"] = (wire, "exact")
            if len(value) < 1000:  # the larger ones would only be zeros
                tensors[key + ".decoded"] = (decoded, "exact")
        name = f"topk{percent}"
        group.case(name, {"percent": percent}, {name + ".safetensors": tensors})
    for name, chunk, k in (("sparse2bit", 4096, 64), ("sparse2bit_c256_k9", 256, 9)):
        tensors, close = {}, {"atol": 1e-6, "rtol": 1e-6}
        for key in ("normal", "ragged", "zeros", "negative", "one"):
            header, payload, decoded = sparse2bit(inputs[key], chunk, k)
            tensors[key + ".header"] = (header, close)
            tensors[key + ".payload"] = (payload, "exact")
            if len(inputs[key]) < 1000:
                tensors[key + ".decoded"] = (decoded, close)
        group.case(name, {"chunk": chunk, "k": k}, {name + ".safetensors": tensors})


def codecs(root):
    rng = np.random.default_rng(20260203)
    ties = np.arange(-254, 255, dtype="<f4") / 2  # absmax 127: scale 1, every second number is a tie
    edge = np.array([0.0, -0.0, 65504, 65519.996, 65520, -7e4, 3.4e38, 6.1e-5, 5.96e-8, 2.98e-8, 2.9802326e-8,
                     1e-41, -1e-45, 2049, 2051, 0.1], "<f4")
    inputs = {
        "normal": rng.standard_normal(4500).astype("<f4"),
        "ragged": (rng.standard_normal(1031) * np.exp(rng.normal(0, 2, 1031))).astype("<f4"),
        "zeros": np.zeros(37, "<f4"),
        "negative": -rng.exponential(1, 300).astype("<f4"),
        "ties": ties,
        "edge": edge,
        "tiny": np.full(5, 1e-44, "<f4"),
        "one": np.array([-2.5], "<f4"),
    }
    inputs["rows"] = (rng.standard_normal((5, 33)) * [[1], [1e-3], [50], [1e30], [1]] + 2).astype("<f4")
    table = dynamic_table()
    group = Group(root, "codecs", "encoded bytes and decoded numbers of shared inputs", elementwise=True)
    group.case("inputs", {}, {"inputs.safetensors": {key: (value, None) for key, value in inputs.items()}})
    cases = {
        "fp32": ({}, lambda x: (np.frombuffer(x.tobytes(), "u1"), x)),
        "fp16": ({}, half),
        "block8_linear": ({}, lambda x: block8(x, 4096)),
        "block8_linear_b64": ({"block": 64}, lambda x: block8(x, 64)),
        "bf16": ({}, bfloat),
        "sign1": ({}, sign1),
        "int8_minmax": ({}, lambda x: minmax8(x, 1024)),
        "int8_minmax_c100": ({"chunk": 100}, lambda x: minmax8(x, 100)),
        "int4_b32": ({"block": 32}, lambda x: int4(x, 32)),
        "int4_b10": ({"block": 10}, lambda x: int4(x, 10)),
        "block8_dynamic_b300": ({"block": 300}, lambda x: block8_dynamic(x, 300, table)),
    }
    group.case("dynamic_code", {}, {"dynamic_code.safetensors": {"code": (table, "exact")}})
    for name, (params, codec) in cases.items():
        tensors = {}
        for key, value in inputs.items():
            if key == "normal" and name != "block8_linear":
                continue  # its length is for the blocks of 4096
            if key == "rows":
                continue  # for meanstd16
            wire, decoded = codec(value)
            tensors[key + ".bytes"] = (wire, "exact")
            tensors[key + ".decoded"] = (decoded, "exact")
        group.case(name, params, {name + ".safetensors": tensors})
    tensors = {}
    for key in ("ragged", "zeros", "negative", "one", "rows"):
        halves, means, stds, decoded = meanstd16(inputs[key])
        tensors[key + ".half_bits"] = (halves, {"ulp": 1})
        tensors[key + ".means"] = (means, {"atol": 1e-6, "rtol": 1e-6})
        tensors[key + ".stds"] = (stds, {"atol": 1e-9, "rtol": 2e-6})
        tensors[key + ".decoded"] = (decoded, {"atol": 2e-6, "rtol": 1e-6})
    group.case("meanstd16", {}, {"meanstd16.safetensors": tensors})
    for name, codec in (("uniform8", uniform8), ("quantile8", quantile8)):
        tensors = {"zeros.decoded": (inputs["zeros"], "exact"), "one.decoded": (inputs["one"], "exact")}
        for key in ("ragged", "negative"):
            codes = codec(inputs[key])
            book = bucket_means(inputs[key], codes)
            tensors[key + ".codes"] = (codes, "exact")
            tensors[key + ".codebook"] = (book, {"atol": 2e-6, "rtol": 5e-6})
            tensors[key + ".decoded"] = (book[codes], {"atol": 2e-6, "rtol": 5e-6})
        group.case(name, {}, {name + ".safetensors": tensors})
    sparse(group, inputs)
    group.close()


# ---- demo: the optimiser's definition in fp64 -----------------------------------------------------------------------


def waves(n):
    i, u = np.arange(n)[:, None], np.arange(n)[None, :]
    return np.where(u == 0, math.sqrt(1 / n), math.sqrt(2 / n)) * np.cos(math.pi * (2 * i + 1) * u / (2 * n))


def side(length, target):
    return max(d for d in range(1, target + 1) if length % d == 0)


class Chunks:
    """A tensor of one or two axes cut into chunks; a vector is a matrix of one row."""

    def __init__(self, shape, target):
        self.shape = shape
        rows, columns = shape if len(shape) == 2 else (1, shape[0])
        self.h = side(rows, target) if len(shape) == 2 else 1
        self.w = side(columns, target)
        self.y, self.x = rows // self.h, columns // self.w

    def forward(self, numbers):
        cut = numbers.reshape(self.y, self.h, self.x, self.w).transpose(0, 2, 1, 3)
        return (waves(self.h).T @ cut @ waves(self.w)).reshape(self.y * self.x, self.h * self.w)

    def inverse(self, coefficients):
        cut = coefficients.reshape(self.y, self.x, self.h, self.w)
        return (waves(self.h) @ cut @ waves(self.w).T).transpose(0, 2, 1, 3).reshape(self.shape)


def demo_run(rng, shape, workers, chunk, k, steps, decay, wd, rates):
    """One run and its margins: how far selections and signs are from a tie."""
    chunks = Chunks(shape, chunk)
    count = min(k, chunks.h * chunks.w)
    start = rng.standard_normal(shape).astype("<f4")
    grads = rng.standard_normal((steps, workers) + shape).astype("<f4")
    p, delta = start.astype("f8"), np.zeros((workers,) + shape)
    out = {name: [] for name in ("idx", "val", "delta", "decoded", "param", "sign_plus1")}
    margin = math.inf
    for t in range(steps):
        p = p * (1 - rates[t] * wd)
        sums, counts = np.zeros((chunks.y * chunks.x, chunks.h * chunks.w)), 0
        for worker in range(workers):
            delta[worker] = delta[worker] * decay + rates[t] * grads[t, worker].astype("f8")
            coefficients = chunks.forward(delta[worker])
            order = np.sort(np.abs(coefficients), 1)[:, ::-1]
            if count < order.shape[1]:
                margin = min(margin, ((order[:, count - 1] - order[:, count]) / order.max()).min())
            index = np.sort(np.argsort(-np.abs(coefficients), 1)[:, :count], 1)
            own = np.zeros_like(coefficients)
            np.put_along_axis(own, index, np.take_along_axis(coefficients, index, 1), 1)
            sent = np.zeros_like(coefficients)
            np.put_along_axis(sent, index, 1, 1)
            delta[worker] -= chunks.inverse(own)
            sums, counts = sums + own, counts + sent
            out["idx"].append(index)
            out["val"].append(np.take_along_axis(coefficients, index, 1))
            out["delta"].append(delta[worker].copy())
        update = chunks.inverse(np.where(counts > 0, sums / np.maximum(counts, 1), 0))
        margin = min(margin, np.abs(update).min() / np.abs(update).max())
        p = p - rates[t] * np.sign(update)
        out["decoded"].append(update)
        out["param"].append(p)
        out["sign_plus1"].append(np.sign(update) + 1)
    stacked = {name: np.stack(values) for name, values in out.items()}
    for name in ("idx", "val", "delta"):
        stacked[name] = stacked[name].reshape((steps, workers) + stacked[name].shape[1:])
    return start, grads, stacked, margin


def demo_case(group, rng, name, shape, workers, chunk, k, wd=0.0, decay=0.999, steps=2):
    rates = [0.01 - 0.001 * t for t in range(steps)]
    margin = 0
    while margin < 2e-5:  # selections and signs must not hang on a rounding error
        start, grads, got, margin = demo_run(rng, shape, workers, chunk, k, steps, decay, wd, rates)
    close = {"atol": 1e-8, "rtol": 5e-6}
    tensors = {
        "param_init": (start, None),
        "grads": (grads, None),
        "idx": (got["idx"].astype("<i8"), "exact"),
        "val": (f32(got["val"]), close),
        "delta": (f32(got["delta"]), close),
        "decoded": (f32(got["decoded"]), close),
        "param": (f32(got["param"]), {"atol": 1e-7, "rtol": 1e-6}),
        "sign_plus1": (got["sign_plus1"].astype("u1"), "exact"),
    }
    params = {"workers": workers, "shape": list(shape), "chunk": chunk, "topk": k, "compression_decay": decay,
              "weight_decay": wd, "lr": rates, "steps": steps}
    group.case(name, params, {name + ".safetensors": tensors})


def demo(root):
    rng = np.random.default_rng(20260204)
    group = Group(root, "demo", "DeMo and its transform; fp64 from fp32 inputs, rounded to fp32")
    demo_case(group, rng, "m12x30_w3_k5", (12, 30), 3, 10, 5, wd=0.1)
    demo_case(group, rng, "m14x22_w2_k8", (14, 22), 2, 64, 8, decay=0.9)
    demo_case(group, rng, "v90_w2_k4", (90,), 2, 64, 4)
    demo_case(group, rng, "v13_w1_k3", (13,), 1, 8, 3)
    dct = {}
    for suffix, shape in (("24x10", (24, 10)), ("17", (17,)), ("16", (16, 16))):
        x = rng.standard_normal(shape).astype("<f4")
        chunks = Chunks(shape, 256)
        close = {"atol": 1e-6, "rtol": 1e-6}
        dct["x" + suffix] = (x, None)
        dct["coef" + suffix] = (f32(chunks.forward(x.astype("f8")).reshape(shape)), close)
        dct["inverse" + suffix] = (x, {"atol": 2e-6, "rtol": 1e-6})
    dct["basis26"] = (f32(waves(26)), {"atol": 1e-7, "rtol": 1e-7})
    group.case("dct", {}, {"dct.safetensors": dct})
    lengths = np.array([1, 2, 7, 60, 61, 64, 67, 96, 128, 768, 1000, 2048, 2731, 50257, 50304], "<i8")
    sizes = {"lengths": (lengths, None)}
    for target in (8, 64, 100):
        sides = [side(int(length), min(target, int(length))) for length in lengths]
        sizes[f"chunk{target}"] = (np.array(sides, "<i8"), "exact")
    group.case("chunk_sizes", {"targets": [8, 64, 100]}, {"chunk_sizes.safetensors": sizes})
    group.close()


# ---- subspace: a compressed stage boundary, and two layers around it differentiated by autograd in fp64 --------------


def basis(rng, dim, rank):
    return np.linalg.qr(rng.standard_normal((dim, rank)))[0].astype("<f4")


def boundary(group, rng, name, dim, rank, batch, seq):
    shape = (batch, seq, dim)
    u = basis(rng, dim, rank)
    fixed = rng.standard_normal(shape).astype("<f4")
    inside = rng.standard_normal((batch, seq, rank)) @ u.T.astype("f8")
    states = {"": f32(fixed + inside), "_off": f32(fixed + inside + 0.2 * rng.standard_normal(shape))}
    gradient = rng.standard_normal(shape).astype("<f4")
    tol = {"atol": 2e-6, "rtol": 2e-6}
    exact = u.astype("f8")
    tensors = {
        "U": (u, None),
        "R": (fixed, None),
        "dX": (gradient, None),
        "gram": (f32(exact.T @ exact), {"atol": 1e-6, "rtol": 0}),
        "dZ": (f32(gradient @ exact), tol),
        "dX_hat": (f32(gradient @ exact @ exact.T), tol),
    }
    for suffix, x in states.items():
        rest = x.astype("f8") - fixed
        z = rest @ exact
        error = np.linalg.norm(z @ exact.T - rest) / np.linalg.norm(rest)
        tensors[f"X{suffix}"] = (x, None)
        tensors[f"Z{suffix}"] = (f32(z), tol)
        tensors[f"X{suffix}_hat"] = (f32(z @ exact.T + fixed), tol)
    params = {"d": dim, "k": rank, "batch": batch, "seq": seq}
    group.case(name, params, {name + ".safetensors": tensors}, off_subspace_relative_error=error)


def subspace_weights(rng, c):
    dim, rank, ffn, vocab = c["d"], c["k"], c["ffn"], c["vocab"]
    normal = lambda *shape: (rng.standard_normal(shape) / math.sqrt(shape[-1])).astype("<f4")
    w = {"U": basis(rng, dim, rank), "T_fixed": rng.standard_normal((vocab, dim)).astype("<f4")}
    w["E_s"] = rng.standard_normal((vocab, rank)).astype("<f4")
    for layer in (0, 1):
        p = f"layers.{layer}."
        w |= {p + key: normal(dim, dim) for key in "qkv"} | {p + key: normal(ffn, dim) for key in ("gate", "up")}
        w |= {p + "o_z": normal(dim, rank), p + "down_z": normal(ffn, rank)}
        w |= {p + key: (1 + 0.3 * rng.standard_normal(dim)).astype("<f4") for key in ("norm1", "norm2")}
    w["input_ids"] = rng.integers(0, vocab, (c["B"], c["S"]))
    w["grad_output"] = (0.1 * rng.standard_normal((c["B"], c["S"], dim))).astype("<f4")
    return w


def subspace_layer(x, w, p, heads, mode):
    batch, time, dim = x.shape

    def attention(n):
        split = lambda key: (n @ w[p + key].T).reshape(batch, time, heads, dim // heads).transpose(1, 2)
        q, k, v = rotate(split("q"), 10000.0), rotate(split("k"), 10000.0), split("v")
        scores = q @ k.transpose(2, 3) / math.sqrt(dim // heads)
        future = torch.ones(time, time, dtype=torch.bool).triu(1)
        mixed = scores.masked_fill(future, -math.inf).softmax(-1) @ v
        return mixed.transpose(1, 2).reshape(batch, time, dim) @ w[p + "o_z"] @ w["U"].T

    def feed_forward(n):
        gate = n @ w[p + "gate"].T
        return gate * torch.sigmoid(gate) * (n @ w[p + "up"].T) @ w[p + "down_z"] @ w["U"].T

    for branch, gain in ((attention, w[p + "norm1"]), (feed_forward, w[p + "norm2"])):
        if mode == "pre_norm":
            x = x + branch(rms_norm(x, gain, 1e-5))
        else:
            x = x + rms_norm(branch(x), gain if mode == "post_norm_gain" else 1.0, 1e-5)
    return x


def subspace_block(group, arrays, heads, mode):
    """Both runs, so that what is expected of an exact boundary is not taken for granted here."""
    ids = torch.tensor(arrays["input_ids"])
    grad_output = torch.tensor(arrays["grad_output"], dtype=torch.float64)
    runs = {}
    for run in ("full", "compressed"):
        w = {
            key: torch.tensor(value, dtype=torch.float64, requires_grad=key not in ("U", "T_fixed"))
            for key, value in arrays.items() if key not in ("input_ids", "grad_output")
        }
        fixed = w["T_fixed"][ids]
        x1 = subspace_layer(fixed + w["E_s"][ids] @ w["U"].T, w, "layers.0.", heads, mode)
        z = (x1 - fixed) @ w["U"]
        received = z @ w["U"].T + fixed if run == "compressed" else x1
        received.retain_grad()
        x2 = subspace_layer(received, w, "layers.1.", heads, mode)
        x2.backward(grad_output)
        runs[run] = {
            "X1": x1, "X2": x2, "Z": z, "R": fixed, "dX1": received.grad,
            "grad": {key: value.grad for key, value in w.items() if value.grad is not None and key != "U"},
            "error": (torch.linalg.norm(z @ w["U"].T + fixed - x1) / torch.linalg.norm(x1)).item(),
        }
    full, compressed = runs["full"], runs["compressed"]
    exact = mode != "post_norm_gain"
    tensors = {key: (f32(full[key]), FORWARD) for key in ("X1", "X2", "Z", "R")}
    tensors |= {"dX1_full": (f32(full["dX1"]), BACKWARD), "dZ": (f32(full["dX1"] @ w["U"]), BACKWARD)}
    if exact:
        tensors |= {"grad." + key: (f32(value), BACKWARD) for key, value in full["grad"].items()}
    else:
        tensors["X2_compressed"] = (f32(compressed["X2"]), FORWARD)
        for run in runs:
            tensors |= {f"grad_{run}.{key}": (f32(runs[run]["grad"][key]), BACKWARD)
                        for key in ("E_s", "layers.0.o_z", "layers.0.q", "layers.1.down_z")}
    worst = max((torch.linalg.norm(value - compressed["grad"][key]) / torch.linalg.norm(value)).item()
                for key, value in full["grad"].items())
    # Rounding of U to fp32 leaves 1e-7, times what a norm of a short row makes of it; a gain changes the first digit.
    assert (max(full["error"], worst) < 1e-4) == exact, (mode, full["error"], worst)
    name = "block_" + mode
    group.case(name, {"mode": mode}, {name + ".safetensors": tensors}, exact=exact,
               relative_error={"boundary": full["error"], "worst_gradient": worst})


def subspace(root):
    rng = np.random.default_rng(20260204)
    group = Group(
        root,
        "subspace",
        "compressed stage boundary (arXiv 2506.01260); fp64 from fp32 inputs, rounded to fp32",
        definitions=[
            "Z = (X - R) U, X_hat = Z U^T + R, dZ = dX U, dX_hat = dZ U^T; gram = U^T U",
            "branch output (h Zp) U^T; X0 = T_fixed[id] + E_s[id] U^T; R = T_fixed[id]; others [out, in], y = h W^T",
            "pre_norm: x + branch(rms(x) norm); post_norm: x + rms(branch(x)); post_norm_gain: x + rms(branch(x)) norm",
            "causal attention, rope theta 10000 (rotate-half), scale 1/sqrt(head_dim), rms eps 1e-5; cut after layer 0",
            "dX1_full is the gradient at the cut of the run that is not compressed, and dZ = dX1_full U",
            "off_subspace_relative_error = |X_off - X_off_hat| / |X_off - R|",
            "relative_error.boundary = |X1 - X1_hat| / |X1|",
        ],
    )
    boundary(group, rng, "boundary", 19, 3, 2, 5)
    c = {"d": 12, "k": 3, "heads": 2, "ffn": 14, "vocab": 9, "B": 2, "S": 5}
    arrays = subspace_weights(rng, c)
    group.case("block_weights", c, {"block_weights.safetensors": {key: (value, None) for key, value in arrays.items()}})
    for mode in ("pre_norm", "post_norm", "post_norm_gain"):
        subspace_block(group, arrays, c["heads"], mode)
    group.close()


def main():
    here = pathlib.Path(__file__).resolve().parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "tensors/src/test/resources/golden"
    for make in (llama, optim, codecs, demo, subspace, robust, routing):
        make(root)
    size = sum(file.stat().st_size for file in root.rglob("*") if file.is_file())
    print(f"{root}: {size / 1e3:.0f} KB")


if __name__ == "__main__":
    main()
