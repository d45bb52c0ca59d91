"""Rerankers give the scores of sentence-transformers, and lose nothing of a long text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sentence_transformers")

from test_sentence_folder import SIZES, _save_tokenizer

from pakar.errors import ModelError
from pakar.ports import Reranker
from pakar.registry import open_reranker

TEXTS = ["a book", "the fee for a cheque book", "twice, twice", ""]


def _save(folder: Path, labels: int = 1) -> Path:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(5)
    model = BertForSequenceClassification(BertConfig(**SIZES, num_labels=labels))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    _save_tokenizer(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return _save(tmp_path_factory.mktemp("reranker"))


@pytest.fixture(scope="module")
def reranker(folder: Path) -> Reranker:
    return open_reranker(f"path:{folder}")


def test_scores_are_those_of_the_library_in_the_order_of_the_texts(reranker, folder) -> None:
    from sentence_transformers import CrossEncoder

    library = CrossEncoder(str(folder), device="cpu")
    expected = library.predict([("the fee", text) for text in TEXTS])
    np.testing.assert_allclose(reranker.score("the fee", TEXTS), expected, atol=1e-4)
    assert len(set(np.round(expected, 5))) == len(TEXTS)


def test_a_long_text_counts_by_its_best_part(reranker) -> None:
    best = max(reranker.score("fee", ["twice " * 10, "the cheque " * 5]))
    long = "twice " * 64
    scores = reranker.score("fee", [long, "book", long + "the cheque " * 32])
    assert len(scores) == 3
    assert scores[2] >= scores[0]
    assert scores[1] == pytest.approx(reranker.score("fee", ["book"])[0], abs=1e-4)
    assert np.isfinite(best)


def test_no_texts_have_no_scores(reranker) -> None:
    assert reranker.score("fee", []) == []


def test_a_query_that_leaves_no_room_is_refused(reranker) -> None:
    with pytest.raises(ModelError, match="query alone is longer"):
        reranker.score("fee " * 100, ["book"])


def test_a_classifier_is_no_reranker(tmp_path) -> None:
    with pytest.raises(ModelError, match="3 scores a pair"):
        open_reranker(f"path:{_save(tmp_path, labels=3)}").score("fee", ["book"])


def test_weights_in_pickle_are_refused(tmp_path) -> None:
    folder = _save(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="no weights in safetensors"):
        open_reranker(f"path:{folder}")
