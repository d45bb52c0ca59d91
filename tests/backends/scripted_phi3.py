"""A Phi-3 with the real tokenizer and architecture that says a given sentence.

Its layers add nothing to the embeddings, and each row of its head points at the embedding of the
token before, so the real forward pass answers with the sentence token by token.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

TOKENIZER = Path(__file__).parent.parent / "data" / "phi3_tokenizer"
_ASSISTANT, _END, _END_OF_TEXT = 32001, 32007, 32000


def write_scripted_phi3(folder: Path, sentence: str, *, last: int = _END) -> None:
    """Every token of the sentence may occur only once. `last` comes behind it, then words."""
    import torch
    from tokenizers import Tokenizer
    from transformers import Phi3Config, Phi3ForCausalLM

    tokenizer = Tokenizer.from_file(str(TOKENIZER / "tokenizer.json"))
    said = tokenizer.encode(sentence, add_special_tokens=False).ids
    chain = [_ASSISTANT, *said, last, *tokenizer.encode("beyond", add_special_tokens=False).ids]
    assert len(set(chain)) == len(chain), "a token occurs twice"
    config = Phi3Config(
        vocab_size=32064,
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=4096,
        bos_token_id=1,
        eos_token_id=_END_OF_TEXT,
        pad_token_id=_END_OF_TEXT,
    )
    torch.manual_seed(0)
    model = Phi3ForCausalLM(config)
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        words = torch.nn.functional.normalize(torch.randn(config.vocab_size, 64), dim=1)
        model.model.embed_tokens.weight.copy_(words)
        model.lm_head.weight.zero_()
        for before, after in zip(chain, chain[1:], strict=False):
            model.lm_head.weight[after] = words[before]
    model.generation_config.eos_token_id = _END_OF_TEXT
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TOKENIZER / name, folder / name)


def edit_json(path: Path, **changes: object) -> None:
    """Sets keys of a JSON file; a key set to None goes away."""
    content = json.loads(path.read_text(encoding="utf-8")) | changes
    kept = {key: value for key, value in content.items() if value is not None}
    path.write_text(json.dumps(kept), encoding="utf-8")
