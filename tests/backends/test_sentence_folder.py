"""Any sentence-transformers folder gives the vectors that sentence-transformers gives."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")

from scripted_phi3 import edit_json

from pakar.backends.packed_embedder import PackedEmbedder
from pakar.backends.sentence_folder import e5_prompts, prompts_of
from pakar.backends.sentence_transformers import SentenceTransformerEmbedder
from pakar.errors import ModelError
from pakar.registry import open_embedder

TEXTS = ["a fee", "the fee for a cheque book, twice the fee", "", "book"]
WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "a",
    "the",
    "fee",
    "for",
    "cheque",
    "book",
    "twice",
    ",",
]
SIZES = {
    "vocab_size": len(WORDS),
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 40,
}


def _save_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, "[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=36,
    ).save_pretrained(folder)


def _save_encoder(folder: Path, architecture: str) -> None:
    import torch
    import transformers

    torch.manual_seed(3)
    name = {"bert": "Bert", "xlm-roberta": "XLMRoberta", "electra": "Electra"}[architecture]
    config = getattr(transformers, f"{name}Config")(**SIZES, pad_token_id=0)
    model = getattr(transformers, f"{name}Model")(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(folder)
    _save_tokenizer(folder)


def _save_sentence_transformer(folder: Path, architecture: str, pooling: str) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    plain = folder.with_name(f"{folder.name}-plain")
    _save_encoder(plain, architecture)
    network = Transformer(str(plain), max_seq_length=36)
    modules = [network, Pooling(SIZES["hidden_size"], pooling)]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder))


def _reference(folder: Path) -> np.ndarray:
    from sentence_transformers import SentenceTransformer

    library = SentenceTransformer(str(folder), device="cpu")
    return library.encode(TEXTS, normalize_embeddings=True)


@pytest.mark.parametrize("architecture", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_bert_like_folders_run_packed_and_give_the_same_vectors(
    tmp_path, architecture, pooling
) -> None:
    folder = tmp_path / "model"
    _save_sentence_transformer(folder, architecture, pooling)
    embedder = open_embedder(f"path:{folder}")
    assert isinstance(embedder, PackedEmbedder)
    assert embedder.info.max_tokens == 36
    vectors = embedder.embed(TEXTS, "passage")
    assert np.sum(vectors * _reference(folder), axis=1).min() > 0.999


@pytest.mark.parametrize(("architecture", "pooling"), [("bert", "max"), ("electra", "mean")])
def test_other_folders_run_in_the_library_and_give_its_vectors(
    tmp_path, architecture, pooling
) -> None:
    folder = tmp_path / "model"
    _save_sentence_transformer(folder, architecture, pooling)
    embedder = open_embedder(f"path:{folder}")
    assert isinstance(embedder, SentenceTransformerEmbedder)
    vectors = embedder.embed(TEXTS, "passage")
    assert np.sum(vectors * _reference(folder), axis=1).min() > 0.999
    assert embedder.info.dimensions == SIZES["hidden_size"]
    assert embedder.count_tokens(["a fee"]) == [4]
    assert embedder.embed([], "query").shape == (0, SIZES["hidden_size"])
    long = "fee " * 100
    with pytest.raises(ModelError, match="102 tokens is longer than the 36"):
        embedder.embed([long], "passage")
    assert embedder.embed([long, "a"], "query").shape == (2, SIZES["hidden_size"])


@pytest.mark.parametrize("architecture", ["bert", "xlm-roberta"])
def test_a_plain_encoder_is_pooled_by_its_mean(tmp_path, architecture) -> None:
    folder = tmp_path / "model"
    _save_encoder(folder, architecture)
    vectors = open_embedder(f"path:{folder}").embed(TEXTS, "passage")
    assert np.sum(vectors * _reference(folder), axis=1).min() > 0.999


def test_a_trained_copy_has_another_fingerprint_and_a_moved_one_the_same(tmp_path) -> None:
    from safetensors.torch import load_file, save_file

    folder, copy = tmp_path / "model", tmp_path / "copy"
    _save_encoder(folder, "bert")
    shutil.copytree(folder, copy)
    first = open_embedder(f"path:{folder}").info.fingerprint
    assert open_embedder(f"path:{copy}").info.fingerprint == first
    weights = load_file(copy / "model.safetensors")
    weights["embeddings.LayerNorm.bias"] += 0.1
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    assert open_embedder(f"path:{copy}").info.fingerprint != first


def test_the_folders_own_prompts_go_before_the_texts(tmp_path) -> None:
    folder = tmp_path / "model"
    _save_encoder(folder, "bert")
    (folder / "config_sentence_transformers.json").write_text(
        json.dumps({"prompts": {"query": "book ", "document": "cheque "}})
    )
    embedder = open_embedder(f"path:{folder}")
    plain = tmp_path / "plain"
    shutil.copytree(folder, plain)
    (plain / "config_sentence_transformers.json").unlink()
    without = open_embedder(f"path:{plain}")
    for role, prompt in (("query", "book "), ("passage", "cheque ")):
        expected = without.embed([f"{prompt}fee"], role)
        np.testing.assert_allclose(embedder.embed(["fee"], role), expected, atol=1e-6)
    assert embedder.count_tokens(["fee"])[0] == without.count_tokens(["fee"])[0] + 1
    assert embedder.info.fingerprint != without.info.fingerprint


def test_the_e5_family_is_known_by_name(tmp_path) -> None:
    (tmp_path / "config.json").write_text("{}")
    prompts = prompts_of(tmp_path, "hf:intfloat/multilingual-e5-base")
    assert (prompts.query, prompts.passage) == ("query: ", "passage: ")
    instruct = e5_prompts("hf:intfloat/multilingual-e5-large-instruct")
    assert instruct is not None
    assert instruct.passage == "" and instruct.query.endswith("Query: ")
    assert e5_prompts("hf:org/core5-model") is None


def test_weights_in_pickle_are_refused(tmp_path) -> None:
    folder = tmp_path / "model"
    _save_encoder(folder, "bert")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="pickle"):
        open_embedder(f"path:{folder}")


def test_damaged_weights_are_one_error(tmp_path) -> None:
    folder = tmp_path / "model"
    _save_encoder(folder, "bert")
    (folder / "model.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(ModelError, match="is damaged"):
        open_embedder(f"path:{folder}").embed(["a"], "passage")


def test_a_module_outside_the_folder_is_refused(tmp_path) -> None:
    folder = tmp_path / "model"
    _save_sentence_transformer(folder, "bert", "mean")
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["path"] = "../elsewhere"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ModelError, match="outside the folder"):
        open_embedder(f"path:{folder}")


def test_a_configuration_without_sizes_is_one_error(tmp_path) -> None:
    folder = tmp_path / "model"
    _save_encoder(folder, "bert")
    edit_json(folder / "config.json", num_hidden_layers="two")
    with pytest.raises(ModelError, match="num_hidden_layers is 'two'"):
        open_embedder(f"path:{folder}")
