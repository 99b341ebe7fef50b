#!/usr/bin/env python3
"""Writes the small Hugging Face models of the tests, with the loss transformers gives for some ids.

    python bench/huggingface.py tensors/src/test/resources/huggingface

Needs torch and transformers (made with 5.18). `sharded` is bf16 in several files with an index, grouped heads and a
head of its own; `tied` is f16 in one file and has none.
"""
import json
import pathlib
import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM

SEQUENCE = 12


def write(folder, dtype, tied, shard):
    torch.manual_seed(11 if tied else 7)
    config = LlamaConfig(
        vocab_size=64, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=32, rms_norm_eps=1e-6, initializer_range=0.3,
        rope_parameters={"rope_type": "default", "rope_theta": 500000.0}, tie_word_embeddings=tied,
        bos_token_id=None, eos_token_id=None)
    model = LlamaForCausalLM(config).to(dtype)
    model.save_pretrained(folder, max_shard_size=shard)
    # The numbers as they were rounded, computed in fp32.
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = torch.randint(0, 64, (2, SEQUENCE + 1))
    with torch.no_grad():
        logits = model(ids[:, :-1]).logits
    loss = torch.nn.functional.cross_entropy(logits.reshape(-1, 64).double(), ids[:, 1:].reshape(-1))
    (folder / "expected.json").write_text(json.dumps({"ids": ids.tolist(), "loss": loss.item()}))
    (folder / "generation_config.json").unlink(missing_ok=True)


if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1])
    write(root / "sharded", torch.bfloat16, False, 3000)
    write(root / "tied", torch.float16, True, "1GB")
