"""Training the Phi-3 family: its fused layers, template, stop token, and both context variants."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("peft")
pytest.importorskip("bitsandbytes")

import torch
from scripted_phi3 import edit_json
from tiny_phi3 import write_tiny_phi3

from pakar.backends.adapter_trainer import TransformersTrainer
from pakar.backends.packed_batch import NAME, in_token_budget, pack, register_packed_attention
from pakar.backends.rotary_switch import switch_of
from pakar.backends.transformers_lm import TransformersLanguageModel
from pakar.errors import ModelError, TrainingError
from pakar.ports import Generation, Recipe, Row, Rows
from pakar.registry import open_language_model, open_trainer
from pakar.types import Example, Message

FACTS = {
    "What does a cheque book cost?": "A cheque book costs 50 rupees.",
    "When is the rent due?": "The rent is due on 1 April.",
    "Who signs?": "The branch manager signs.",
}
END = 32007


def _example(question: str, answer: str) -> Example:
    turns = (Message("system", "Be brief."), Message("user", question))
    return Example(question, (*turns, Message("assistant", answer)), "curated")


def _trained(base: Path, folder: Path, method: str) -> Path:
    trainer = open_trainer(f"path:{base}")
    rows = [trainer.row(_example(*fact)) for fact in FACTS.items()]
    recipe = Recipe(method=method, learning_rate=1e-2, epochs=60, batch=3)  # type: ignore[arg-type]
    trained = trainer.train(Rows(rows, (), rows), recipe, folder, lambda _: None)
    assert trained.general[1] < 0.5 < trained.general[0]
    return folder / "adapter"


def _said(model, question: str) -> str:
    turns = [Message("system", "Be brief."), Message("user", question)]
    return "".join(model.generate(turns, Generation(max_tokens=40)))


def _logits(model, ids):
    with torch.no_grad():
        return model.eval()(input_ids=torch.tensor([list(ids)])).logits[0]


@pytest.fixture(scope="module")
def mini(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "Phi-3-mini-4k-instruct"
    write_tiny_phi3(folder)
    return folder


@pytest.fixture(scope="module")
def long(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "Phi-3-mini-128k-instruct"
    write_tiny_phi3(folder, longrope=True, original=48)
    return folder


@pytest.fixture(scope="module")
def adapter(mini, tmp_path_factory) -> Path:
    return _trained(mini, tmp_path_factory.mktemp("lora"), "lora")


def test_lora_learns_answers_and_to_stop(mini, adapter) -> None:
    model = open_language_model(f"path:{mini}").adapted(adapter)
    for question, answer in FACTS.items():
        assert _said(model, question) == answer


def test_qlora_learns_answers_and_to_stop(mini, tmp_path) -> None:
    folder = _trained(mini, tmp_path, "qlora")
    model = open_language_model(f"path:{mini}").adapted(folder, four_bit=True)
    for question, answer in FACTS.items():
        assert _said(model, question) == answer


def test_the_variant_for_long_contexts_learns_too(long, tmp_path) -> None:
    model = open_language_model(f"path:{long}").adapted(_trained(long, tmp_path, "lora"))
    for question, answer in FACTS.items():
        assert _said(model, question) == answer


def test_the_four_fused_layers_are_adapted_and_the_head_is_not(adapter) -> None:
    from safetensors import safe_open

    with safe_open(adapter / "adapter_model.safetensors", "pt") as file:
        layers = {name.split(".lora_")[0].rpartition(".")[2] for name in file.keys()}  # noqa: SIM118
    assert layers == {"qkv_proj", "o_proj", "gate_up_proj", "down_proj"}


# peft itself asks transformers for what was renamed there.
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing.:FutureWarning")
def test_peft_alone_reads_and_merges_the_adapter(mini, adapter) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    ids = open_trainer(f"path:{mini}").row(_example(*next(iter(FACTS.items())))).ids
    plain = AutoModelForCausalLM.from_pretrained(mini)
    before = _logits(plain, ids)
    model = PeftModel.from_pretrained(plain, adapter)
    tuned = _logits(model, ids)
    assert not torch.allclose(before, tuned, atol=0.1)
    # The answer and its end are what plain peft predicts, too.
    assert tuned[-4:-1].argmax(dim=-1).tolist() == list(ids[-3:])
    merged = _logits(model.merge_and_unload(), ids)
    assert torch.allclose(merged, tuned, atol=1e-2)


def test_a_row_is_the_prompt_as_served_then_the_answer_and_the_end(mini) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(mini)
    for answer in ("50 rupees.", "- one\n- two", "日本 😀", '"Yes"'):
        example = _example("What is it?", answer)
        row = open_trainer(f"path:{mini}").row(example)
        prompt = open_language_model(f"path:{mini}").prompt_text(example.messages[:-1])
        served = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        assert list(row.ids[: -row.learned]) == served
        whole = tokenizer(f"{prompt}{answer}<|end|>", add_special_tokens=False)["input_ids"]
        assert list(row.ids) == whole
        assert row.ids[-1] == END and row.ids.count(1) == 0


def test_an_answer_is_cut_into_tokens_as_it_stands_behind_its_prompt(mini, tmp_path) -> None:
    # Where the line break behind <|assistant|> is a token, no space begins the answer.
    copy = tmp_path / "keeps-line-breaks"
    shutil.copytree(mini, copy)
    tokens = {"32001": {"content": "<|assistant|>", "rstrip": False, "special": True}}
    edit_json(copy / "tokenizer_config.json", added_tokens_decoder=tokens)
    row = TransformersTrainer(copy, "path:copy").row(_example("What is it?", "Blue."))
    usual = open_trainer(f"path:{mini}").row(_example("What is it?", "Blue."))
    assert row.ids[-row.learned :] != usual.ids[-usual.learned :]


def test_packed_attention_looks_back_as_far_as_the_model(tmp_path) -> None:
    from transformers import AutoModelForCausalLM

    write_tiny_phi3(tmp_path, window=8)
    register_packed_attention()
    rows = [Row(tuple(range(size, 2 * size)), 2) for size in (30, 6, 17)]
    plain = AutoModelForCausalLM.from_pretrained(tmp_path, attn_implementation="eager")
    packed = AutoModelForCausalLM.from_pretrained(tmp_path, attn_implementation=NAME)
    batch = pack(rows)
    with torch.no_grad():
        together = packed(
            input_ids=batch.ids, position_ids=batch.positions, segments=batch.segments
        ).logits[0]
    alone = torch.cat([_logits(plain, one.tokens) for one in batch.segments])
    assert {one.tokens for one in batch.segments} >= {row.ids for row in rows}
    assert torch.allclose(together, alone, atol=1e-3)
    plain.config.sliding_window = None
    anew = torch.cat([_logits(plain, one.tokens) for one in batch.segments])
    assert not torch.allclose(together, anew, atol=1e-2)


def test_a_long_text_is_not_packed_with_short_ones(long) -> None:
    from transformers import AutoModelForCausalLM

    switch = switch_of(AutoModelForCausalLM.from_pretrained(long))
    assert switch == 48
    rows = [Row(tuple(range(size)), 2) for size in (10, 48, 49, 60, 20)]
    parts = in_token_budget(rows, 1000, switch)
    assert [[len(row.ids) for row in part] for part in parts] == [[10, 20, 48], [49, 60]]


def test_an_answer_across_the_switch_is_read_anew_with_the_long_factors(long, tmp_path) -> None:
    from transformers import AutoModelForCausalLM

    reference = AutoModelForCausalLM.from_pretrained(long)
    with torch.no_grad():
        # Attention that decides what is said, so that wrong positions say something else.
        for layer in reference.model.layers:
            layer.self_attn.qkv_proj.weight.mul_(20)
            layer.self_attn.o_proj.weight.mul_(100)
    folder = tmp_path / "Phi-3-mini-128k-instruct"
    shutil.copytree(long, folder)
    reference.save_pretrained(folder)
    # In float32 everywhere: a rounding in bfloat16 says something else just as well.
    model = TransformersLanguageModel(folder, f"path:{folder}", precision="float32")
    turns = [Message("user", "Which fee is due on the first of April, and to whom is it paid?")]
    prompt = model._prompt.ids(turns)
    assert len(prompt) < 40
    # Every token computed from the start, nothing kept between them.
    ids = list(prompt)
    for _ in range(50):
        ids.append(int(_logits(reference, ids)[-1].argmax()))
    expected = model._prompt.decode(ids[len(prompt) :])
    assert "".join(model.generate(turns, Generation(max_tokens=50))) == expected


# Merging --------------------------------------------------------------------------------------


def test_a_merged_model_answers_exactly_like_the_adapter(mini, adapter, tmp_path) -> None:
    target = tmp_path / "new" / "merged"
    open_trainer(f"path:{mini}").merge(adapter, target)
    assert [path.name for path in target.parent.iterdir()] == ["merged"]
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        assert (target / name).read_bytes() == (mini / name).read_bytes()
    merged = open_language_model(f"path:{target}")
    adapted = open_language_model(f"path:{mini}").adapted(adapter)
    for question in (*FACTS, "Who are you?"):
        assert _said(merged, question) == _said(adapted, question)
    assert _said(merged, "Who signs?") == FACTS["Who signs?"]
    assert _said(open_language_model(f"path:{mini}"), "Who signs?") != FACTS["Who signs?"]


def test_a_merged_model_keeps_the_precision_of_its_base(mini, adapter, tmp_path) -> None:
    from safetensors import safe_open
    from transformers import AutoModelForCausalLM

    half = tmp_path / "half"
    shutil.copytree(mini, half)
    AutoModelForCausalLM.from_pretrained(mini, dtype=torch.bfloat16).save_pretrained(half)
    open_trainer(f"path:{half}").merge(adapter, tmp_path / "merged")
    with safe_open(tmp_path / "merged" / "model.safetensors", "pt") as file:
        types = {file.get_tensor(name).dtype for name in file.keys()}  # noqa: SIM118
    assert types == {torch.bfloat16}


def test_a_merge_that_fails_leaves_nothing(mini, tmp_path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(TrainingError, match="no adapter in safetensors"):
        open_trainer(f"path:{mini}").merge(tmp_path, tmp_path / "out" / "merged")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_adapter_is_not_added_to_quantised_weights(mini, adapter, tmp_path) -> None:
    packed = tmp_path / "packed"
    shutil.copytree(mini, packed)
    edit_json(packed / "config.json", quantization_config={"quant_method": "fp8"})
    with pytest.raises(ModelError, match="are quantised"):
        TransformersTrainer(packed, "path:packed").merge(adapter, tmp_path / "merged")
