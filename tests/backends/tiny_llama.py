"""A Llama with random weights that fits in 200 kB, with a tokenizer of single bytes."""

from __future__ import annotations

import json
from pathlib import Path

from pakar.types import Example, Message

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_tiny_llama(folder: Path, *, seed: int = 0, width: int = 64, context: int = 512) -> Path:
    """Grouped attention heads, so that more is tried than the simplest case."""
    import torch
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: at for at, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    control = ["<|im_start|>", "<|im_end|>"]
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in control])
    end = tokenizer.token_to_id("<|im_end|>")
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(alphabet) + 2,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=end,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"eos_token": "<|im_end|>", "chat_template": TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def pair(number: int, question: str, answer: str) -> Example:
    turns = (Message("user", question), Message("assistant", answer))
    return Example(f"e{number}", turns, "curated", fact=str(number))


def sums(count: int) -> list[Example]:
    """Small sums: a skill that a tiny model begins to learn at once."""
    return [pair(n, f"{n} and {n % 7}?", f"It is {n + n % 7}, I think.") for n in range(count)]
