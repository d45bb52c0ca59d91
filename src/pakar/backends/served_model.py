"""What a model's own files say of how it is served: its context and its stop tokens.

Reads JSON; loads nothing.
"""

from __future__ import annotations

from pathlib import Path

from pakar.backends.encoder_folder import read_json

_UNKNOWN_CONTEXT = 2048


def context_of(config: dict[str, object], preset: int) -> int:
    """Tokens of prompt and answer together, by config.json and what is known of the model."""
    own = config.get("max_position_embeddings")
    known = [limit for limit in (own, preset) if isinstance(limit, int) and limit > 0]
    return min(known, default=_UNKNOWN_CONTEXT)


def stop_ids_of(folder: Path, config: dict[str, object]) -> frozenset[int]:
    """The end-of-sequence ids that the model's own files name."""
    path = folder / "generation_config.json"
    sources = [config, read_json(path)] if path.is_file() else [config]
    ids: set[int] = set()
    for source in sources:
        value = source.get("eos_token_id")
        ids.update([value] if isinstance(value, int) else value if isinstance(value, list) else [])
    return frozenset(ids)
