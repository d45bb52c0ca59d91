"""A small random Phi-3 with the real tokenizer and architecture, for training in seconds."""

from __future__ import annotations

import shutil
from pathlib import Path

from scripted_phi3 import TOKENIZER

LONGROPE = {
    "rope_type": "longrope",
    "rope_theta": 10_000.0,
    "short_factor": [1.0, 1.02, 1.05, 1.1, 1.2, 1.4, 1.7, 2.0],
    "long_factor": [1.1, 1.4, 2.0, 4.0, 8.0, 16.0, 24.0, 32.0],
}


def write_tiny_phi3(
    folder: Path, *, longrope: bool = False, original: int = 4096, window: int = 2047
) -> None:
    """The 4k variant, or the 128k one whose rotary factors change after `original` tokens."""
    import torch
    from transformers import Phi3Config, Phi3ForCausalLM

    config = Phi3Config(
        vocab_size=32064,
        hidden_size=64,
        intermediate_size=112,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=131_072 if longrope else 4096,
        original_max_position_embeddings=original,
        rope_parameters=dict(LONGROPE) if longrope else None,
        sliding_window=262_144 if longrope else window,
        bos_token_id=1,
        eos_token_id=32000,
        pad_token_id=32000,
    )
    torch.manual_seed(0)
    model = Phi3ForCausalLM(config)
    with torch.no_grad():
        # Wide enough apart that a small adapter can tell all words from each other.
        model.model.embed_tokens.weight.normal_(0.0, 1.0)
        model.lm_head.weight.normal_(0.0, 0.5)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TOKENIZER / name, folder / name)
