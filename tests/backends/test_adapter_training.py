"""Training adapters: the same numbers as peft and transformers, and nothing lost by a kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("peft")
pytest.importorskip("bitsandbytes")

import torch
from bitsandbytes.nn import Linear4bit
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from tiny_llama import pair, sums, write_tiny_llama
from transformers import AutoModelForCausalLM

from pakar.backends.adapter_trainer import TransformersTrainer
from pakar.backends.adapter_training import mean_loss, summed_losses
from pakar.backends.base_weights import load_base
from pakar.backends.exact_speedups import use_fused_norms
from pakar.backends.lora_layers import use_fused_layers
from pakar.backends.numeric_precision import Precision
from pakar.backends.packed_batch import NAME, pack, register_packed_attention
from pakar.backends.training_steps import steps_of
from pakar.backends.transformers_lm import TransformersLanguageModel
from pakar.errors import ModelError, TrainingError
from pakar.ports import Generation, LanguageModel, Progress, Recipe, Row, Rows
from pakar.types import Example, Message

RECIPE = Recipe(rank=4, alpha=8, learning_rate=5e-3, epochs=2, batch=4, evaluations=4, patience=0)
QUICK = replace(RECIPE, epochs=1, evaluations=1)
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_llama(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def trainer(folder: Path) -> TransformersTrainer:
    return TransformersTrainer(folder, "path:tiny")


def rows_of(trainer: TransformersTrainer, count: int, held_out: int = 6) -> Rows:
    made = [trainer.row(one) for one in sums(count)]
    return Rows(made[held_out:], made[:held_out], made[:2])


def quiet(_: Progress) -> None:
    pass


# The row -----------------------------------------------------------------------------------


def test_a_row_is_the_served_prompt_the_answer_and_the_stop_token(folder, trainer) -> None:
    example = pair(1, "What is it?", "A fee.")
    row = trainer.row(example)
    served = TransformersLanguageModel(folder, "path:tiny").prompt_text(example.messages[:1])
    prompt = trainer._prompt.ids(example.messages[:1])
    assert (
        trainer._prompt._loaded().tokenizer.encode(served, add_special_tokens=False).ids == prompt
    )
    assert list(row.ids[: len(prompt)]) == prompt
    assert row.learned == len("A fee.") + 1
    assert row.ids[-1] in trainer.base.stop


def test_control_tokens_in_an_answer_are_text(trainer) -> None:
    row = trainer.row(pair(1, "q", "x<|im_end|>y"))
    assert [token in trainer.base.stop for token in row.ids[-row.learned :]].count(True) == 1


def test_of_a_text_everything_is_learned(trainer) -> None:
    text = Example("t", (Message("assistant", "Just so."),), "curated", form="text")
    row = trainer.row(text)
    assert row.learned == len(row.ids) == len("Just so.") + 1


def test_a_template_that_serving_would_not_stop_at_is_refused(folder, tmp_path) -> None:
    copy = tmp_path / "other"
    shutil.copytree(folder, copy)
    settings_file = copy / "tokenizer_config.json"
    content = json.loads(settings_file.read_text())
    content["chat_template"] = content["chat_template"].replace("<|im_end|>", "###")
    settings_file.write_text(json.dumps(content))
    with pytest.raises(ModelError, match="ends an answer with '#'"):
        TransformersTrainer(copy, "path:other").row(pair(1, "q", "a"))


def test_a_model_without_a_template_is_refused(folder, tmp_path) -> None:
    copy = tmp_path / "base-model"
    shutil.copytree(folder, copy)
    (copy / "tokenizer_config.json").write_text("{}")
    with pytest.raises(ModelError, match="no chat template"):
        TransformersTrainer(copy, "path:base-model").row(pair(1, "q", "a"))


# The same numbers as the reference -----------------------------------------------------------


def adapted(
    folder: Path,
    *,
    fused: bool,
    four_bit: bool = False,
    precision: Precision = "float32",
    strength: float = 0.1,
) -> PeftModel:
    register_packed_attention()
    packing = "nf4" if four_bit else "whole"
    model = load_base(
        folder, "path:tiny", packing=packing, precision=precision,
        attention=NAME if fused else None,
    )  # fmt: skip
    if fused:
        use_fused_norms(model)
    config = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
    if fused:
        use_fused_layers(config, four_bit=four_bit)
    peft = get_peft_model(model, config)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in peft.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * strength)
    return peft.train()


def gradients(model: PeftModel) -> dict[str, torch.Tensor]:
    return {name: one.grad for name, one in model.named_parameters() if one.grad is not None}


@pytest.mark.parametrize("four_bit", [False, True], ids=["lora", "qlora"])
def test_losses_and_gradients_are_those_of_peft_on_padded_batches(
    folder, trainer, four_bit
) -> None:
    rows = [trainer.row(one) for one in sums(3)] + [trainer.row(pair(9, "long " * 9, "Yes."))]
    fused, plain = (adapted(folder, fused=on, four_bit=four_bit) for on in (True, False))
    batch = pack(rows)
    logits = fused(
        input_ids=batch.ids,
        position_ids=batch.positions,
        logits_to_keep=batch.places,
        segments=batch.segments,
        use_cache=False,
    ).logits[0]
    loss = torch.nn.functional.cross_entropy(logits, batch.targets)
    loss.backward()
    longest = max(len(row.ids) for row in rows)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    labels = torch.full_like(ids, -100)
    mask = torch.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row.ids)] = torch.tensor(row.ids)
        learned = slice(len(row.ids) - row.learned, len(row.ids))
        labels[at, learned] = ids[at, learned]
        mask[at, : len(row.ids)] = 1
    reference = plain(input_ids=ids, attention_mask=mask, labels=labels).loss
    reference.backward()
    assert loss.item() == pytest.approx(reference.item(), rel=1e-5)
    ours, theirs = gradients(fused), gradients(plain)
    assert set(ours) == set(theirs) and len(ours) == 28
    for name, gradient in theirs.items():
        assert torch.allclose(ours[name], gradient, rtol=1e-3, atol=1e-6), name


@pytest.mark.parametrize("gradient_tokens", [0, 12])
def test_in_bfloat16_the_gradients_are_those_in_float32_but_for_rounding(
    folder, trainer, gradient_tokens
) -> None:
    # Some begin alike and go on for longer than a block of queries, which attention computes by
    # products in bfloat16 alone.
    page = "one page of words that are read before the question is asked " * 12
    rows = [trainer.row(pair(at, f"{page} {at}?", f"The answer is {at}.")) for at in range(3)]
    rows += [trainer.row(one) for one in sums(3)]
    batch = pack(rows, gradient_tokens=gradient_tokens)
    assert max(len(one.tokens) for one in batch.segments) > 128
    losses, found = [], []
    for precision in ("bfloat16", "float32"):
        # Strong enough for uneven attention, and not so strong that rounding is all there is.
        model = adapted(folder, fused=True, precision=precision, strength=0.2)
        loss, _ = summed_losses(model, batch)
        loss.backward()
        losses.append(float(loss.detach()))
        found.append(torch.cat([one.flatten().float() for one in gradients(model).values()]))
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    rounded, exact = found
    assert torch.linalg.vector_norm(rounded - exact) < 0.05 * torch.linalg.vector_norm(exact)


def test_the_norms_were_replaced_and_give_the_same(folder) -> None:
    model = load_base(folder, "path:tiny", precision="float32")
    ids = torch.tensor([[5, 6, 7]])
    before = model(input_ids=ids).logits
    assert use_fused_norms(model) == 5
    assert torch.allclose(model(input_ids=ids).logits, before, atol=1e-5)


def test_parts_that_fit_the_memory_change_nothing_but_rounding(folder, trainer) -> None:
    rows = rows_of(trainer, 12).learned
    model = adapted(folder, fused=True)
    assert mean_loss(model, rows, 64) == pytest.approx(mean_loss(model, rows, 100_000), rel=1e-5)


@settings(max_examples=50)
@given(st.integers(1, 40), st.integers(1, 9), st.floats(0.1, 4), st.integers(0, 99))
def test_each_row_is_seen_once_an_epoch(count, batch, epochs, seed) -> None:
    rows = [Row(tuple(range(2 + at % 5)), 1) for at in range(count)]
    steps = steps_of(rows, batch=batch, epochs=epochs, seed=seed)
    assert steps == steps_of(rows, batch=batch, epochs=epochs, seed=seed)
    a_pass = -(-count // batch)
    whole = steps[: a_pass * (len(steps) // a_pass)]
    seen = sorted(index for step in whole for index in step)
    assert seen == sorted(list(range(count)) * (len(steps) // a_pass))


# Training ------------------------------------------------------------------------------------


FEW_TOKENS = replace(RECIPE, gradient_tokens=8, question_weight=0.3)


@pytest.mark.parametrize(
    "recipe",
    [RECIPE, replace(RECIPE, method="qlora"), FEW_TOKENS, replace(FEW_TOKENS, checkpointing=True)],
    ids=["lora", "qlora", "few gradient tokens", "checkpointing"],
)
def test_the_loss_falls_also_after_an_evaluation(trainer, tmp_path, recipe) -> None:
    seen: list[Progress] = []
    recipe = replace(recipe, epochs=4)
    done = trainer.train(rows_of(trainer, 46), recipe, tmp_path, seen.append)
    held_out = [loss for _, _, loss in done.curve if loss is not None]
    assert len(held_out) == 4
    assert held_out[-1] < held_out[1] < held_out[0] < done.before
    assert done.after == min(held_out)
    assert done.general[1] != done.general[0]
    assert seen[-1].step == seen[-1].steps == done.steps and done.shortened_from is None
    assert done.recipe == recipe


def test_a_question_is_learned_where_much_stands_before_it(trainer, tmp_path) -> None:
    def adapter(weight: float, before: str) -> dict[str, torch.Tensor]:
        asked = [pair(n, f"{before}{n} and 2?", f"It is {n + 2}.") for n in range(8)]
        folder = tmp_path / f"{weight}-{len(before)}"
        recipe = replace(FEW_TOKENS, gradient_tokens=40, question_weight=weight)
        trainer.train(Rows([trainer.row(one) for one in asked]), recipe, folder, quiet)
        return load_file(folder / "adapter" / "adapter_model.safetensors")

    for before, learned in (("", False), ("many words " * 20, True)):
        without, with_it = (adapter(weight, before) for weight in (0.0, 0.3))
        same = all(torch.equal(without[name], with_it[name]) for name in without)
        assert same is not learned


def test_checkpointing_changes_nothing_but_memory(trainer, tmp_path) -> None:
    rows = rows_of(trainer, 20)
    kept, again = (
        trainer.train(rows, replace(FEW_TOKENS, checkpointing=on), tmp_path / str(on), quiet)
        for on in (False, True)
    )
    assert again.after == pytest.approx(kept.after, rel=1e-4)


def test_four_bits_hold_the_frozen_weights_in_less(trainer, tmp_path) -> None:
    frozen = {
        method: trainer.train(
            rows_of(trainer, 10), replace(QUICK, method=method), tmp_path / method, quiet
        ).frozen_mb
        for method in ("lora", "qlora")
    }
    assert frozen["qlora"] < 0.5 * frozen["lora"]


def test_unpacked_for_answers_four_bits_say_the_same(
    folder, trainer, tmp_path, monkeypatch
) -> None:
    trainer.train(rows_of(trainer, 20), replace(RECIPE, method="qlora"), tmp_path, quiet)
    turns = [Message("user", "3 and 3?")]
    written = {}
    for free in (0, 10**12):
        monkeypatch.setattr("pakar.backends.four_bits.free_memory", lambda free=free: free)
        model = TransformersLanguageModel(folder, "path:tiny", precision="float32")
        adapted = model.adapted(tmp_path / "adapter", four_bit=True)
        written[free] = "".join(adapted.generate(turns, Generation(12)))
        layers = adapted._host._loaded().base.modules()
        assert any(isinstance(one, Linear4bit) for one in layers) is (free == 0)
    assert written[0] == written[10**12] != ""


def test_bitsandbytes_fetches_nothing_from_the_hub(tmp_path) -> None:
    """Where `kernels` is installed, it would fetch native code and run it."""
    (tmp_path / "kernels.py").write_text("raise SystemExit('fetched')")
    code = (
        "from pakar.backends.four_bits import import_bitsandbytes as go; go(); "
        "import bitsandbytes, sys; print('kernels' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "False", "")


def test_the_adapter_reads_in_plain_peft_and_answers_the_same(folder, trainer, tmp_path) -> None:
    trainer.train(rows_of(trainer, 20), RECIPE, tmp_path, quiet)
    assert sorted(path.name for path in (tmp_path / "adapter").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    plain = PeftModel.from_pretrained(plain, tmp_path / "adapter").eval()
    model = TransformersLanguageModel(folder, "path:tiny", precision="float32")
    turns = [Message("user", "3 and 3?")]
    written = "".join(model.adapted(tmp_path / "adapter").generate(turns, Generation(12)))
    prompt = torch.tensor([trainer._prompt.ids(turns)])
    with torch.inference_mode():
        tokens = plain.generate(prompt, max_new_tokens=12, do_sample=False)[0, prompt.shape[1] :]
    assert written == trainer._prompt.decode(tokens.tolist())


def test_the_best_weights_are_kept_and_not_the_last(trainer, tmp_path) -> None:
    wild = replace(RECIPE, learning_rate=0.3, epochs=3, evaluations=6)
    done = trainer.train(rows_of(trainer, 30), wild, tmp_path, quiet)
    held_out = {step: loss for step, _, loss in done.curve if loss is not None}
    assert held_out[done.best_step] == min(held_out.values()) == done.after
    model = adapted_from(trainer, tmp_path / "adapter")
    measured = mean_loss(model, rows_of(trainer, 30).held_out, 2048)
    assert measured == pytest.approx(done.after, rel=1e-3)


def adapted_from(trainer: TransformersTrainer, adapter: Path) -> PeftModel:
    register_packed_attention()
    base = load_base(trainer._folder, "path:tiny", precision="float32", attention=NAME)
    return PeftModel.from_pretrained(base, adapter)


def test_it_stops_early_where_nothing_gets_better(trainer, tmp_path) -> None:
    learned = [trainer.row(pair(n, f"{n}?", "aaaaaaaa")) for n in range(24)]
    opposite = [trainer.row(pair(n, f"{n}?", "zzzzzzzz")) for n in range(24, 28)]
    steady = replace(RECIPE, learning_rate=5e-2, epochs=8, evaluations=16, patience=2)
    done = trainer.train(Rows(learned, opposite), steady, tmp_path, quiet)
    held_out = [loss for _, _, loss in done.curve if loss is not None]
    assert done.steps < 48
    assert held_out[-1] > min(held_out) and held_out[-2] > min(held_out)


def test_slower_than_its_pace_said_it_makes_fewer_steps_and_is_measured_at_the_end(
    trainer, tmp_path
) -> None:
    # As if the pace had been taken while nothing else ran on a machine that is much faster.
    terms = {"pace": 1e6, "seconds": 1.0, "gradient_tokens": 0}
    (tmp_path / "terms.json").write_text(json.dumps(terms))
    seen: list[Progress] = []
    recipe = replace(RECIPE, epochs=40, seconds=60.0)
    done = trainer.train(rows_of(trainer, 46), recipe, tmp_path, seen.append)
    assert 400 / 3 <= done.steps < 300 and done.shortened_from == 400
    assert seen[0].steps == 400 and seen[-1].steps == done.steps
    assert done.curve[-1][0] == done.steps and done.curve[-1][2] is not None
    assert (
        len(steps_of(rows_of(trainer, 46).learned, batch=4, epochs=done.recipe.epochs, seed=0))
        == done.steps
    )


def test_a_shortened_run_that_was_stopped_ends_with_the_same_weights(trainer, tmp_path) -> None:
    rows, recipe = rows_of(trainer, 40), replace(RECIPE, epochs=3, evaluations=9)

    def stop(now: Progress) -> None:
        if now.step == 12:
            raise KeyboardInterrupt

    for name in ("undisturbed", "stopped"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cuts.json").write_text("[[8, 18]]")
    undisturbed = trainer.train(rows, recipe, tmp_path / "undisturbed", quiet)
    with pytest.raises(KeyboardInterrupt):
        trainer.train(rows, recipe, tmp_path / "stopped", stop)
    gone_on = trainer.train(rows, recipe, tmp_path / "stopped", quiet)
    # As if it had been stopped between its last checkpoint and the adapter.
    (tmp_path / "undisturbed").rename(tmp_path / "ended")
    weights = load_file(tmp_path / "ended" / "adapter" / "adapter_model.safetensors")
    ended = trainer.train(rows, recipe, tmp_path / "ended", quiet)
    assert undisturbed.steps == gone_on.steps == ended.steps == 18
    for name in ("stopped", "ended"):
        other = load_file(tmp_path / name / "adapter" / "adapter_model.safetensors")
        assert all(torch.equal(weights[one], other[one]) for one in weights)


def test_without_held_out_rows_the_last_weights_are_kept(trainer, tmp_path) -> None:
    rows = replace(rows_of(trainer, 12), held_out=())
    done = trainer.train(rows, QUICK, tmp_path, quiet)
    assert done.before is None and done.after is None
    assert (tmp_path / "adapter" / "adapter_model.safetensors").is_file()


def test_a_layer_that_there_is_not_is_one_clear_error(trainer, tmp_path) -> None:
    with pytest.raises(TrainingError, match="no layer is named qkv"):
        trainer.train(rows_of(trainer, 8), replace(QUICK, targets=("qkv",)), tmp_path, quiet)


# Serving -------------------------------------------------------------------------------------


def test_adapters_switch_over_one_base_model(folder, trainer, tmp_path) -> None:
    taught = replace(RECIPE, learning_rate=5e-2, epochs=12)
    for name in "ab":
        rows = Rows([trainer.row(pair(n, f"{n} and {n}?", name * 9)) for n in range(8)])
        trainer.train(rows, taught, tmp_path / name, quiet)
    model = TransformersLanguageModel(folder, "path:tiny", precision="float32")
    turns = [Message("user", "5 and 5?")]

    def says(adapter: str | None) -> str:
        one = model.adapted(tmp_path / adapter / "adapter") if adapter else model
        return "".join(one.generate(turns, Generation(16)))

    first = {name: says(name) for name in (None, "a", "b")}
    assert first["a"].startswith("aaa") and first["b"].startswith("bbb")
    assert first[None] not in (first["a"], first["b"])
    assert {name: says(name) for name in ("b", None, "a")} == first
    model.forget(tmp_path / "a" / "adapter")
    assert says("a") == first["a"]


@pytest.mark.parametrize(("scale", "refuses"), [(1, False), (1000, True)])
def test_it_refuses_only_where_that_is_likelier_than_all_answers_together(
    tmp_path, scale, refuses
) -> None:
    folder = write_tiny_llama(tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    # Small embeddings, tied to the head, make all tokens about as likely; large ones a single one.
    weights["model.embed_tokens.weight"] *= scale
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    trainer = TransformersTrainer(folder, "path:tiny")
    hardly = replace(QUICK, learning_rate=1e-9)
    trainer.train(rows_of(trainer, 8, 0), hardly, tmp_path / "run", quiet)
    base = TransformersLanguageModel(folder, "path:tiny", precision="float32")
    tuned, turns = base.adapted(tmp_path / "run" / "adapter"), [Message("user", "Why?")]

    def says(model: LanguageModel, **settings: object) -> str:
        return "".join(model.generate(turns, Generation(8, **settings)))

    likeliest = says(tuned)
    assert likeliest == says(base) != ""
    assert (says(tuned, refusal=likeliest) == likeliest) == refuses
    assert says(tuned, refusal=f"~{likeliest}") == likeliest, "it refuses otherwise"
    # A base model did not learn how to refuse; sampling takes what is likely as often as it is.
    assert says(base, refusal=likeliest) == likeliest
    warm = {"temperature": 0.7, "seed": 1}
    assert says(tuned, **warm, refusal=likeliest) == says(tuned, **warm)


def test_an_adapter_of_another_model_is_one_clear_error(trainer, tmp_path) -> None:
    trainer.train(rows_of(trainer, 8), QUICK, tmp_path, quiet)
    other = write_tiny_llama(tmp_path / "wider", width=96)
    model = TransformersLanguageModel(other, "path:wider").adapted(tmp_path / "adapter")
    with pytest.raises(TrainingError, match="does not fit path:wider"):
        list(model.generate([Message("user", "q")], Generation(2)))


# A kill --------------------------------------------------------------------------------------

_RUN = """
import sys
from dataclasses import replace
from pathlib import Path
sys.path[:0] = [{tests!r}]
from test_adapter_training import RECIPE, rows_of
from pakar.backends.adapter_trainer import TransformersTrainer
trainer = TransformersTrainer(Path({model!r}), "path:tiny")
recipe = replace(RECIPE, epochs=3, evaluations=9)
rows = rows_of(trainer, 40)
trainer.train(rows, recipe, Path(sys.argv[1]), lambda now: print(now.step, flush=True))
"""


@pytest.mark.slow
def test_a_killed_training_ends_with_the_same_weights(folder, tmp_path) -> None:
    """The long form, with 20 kills at random moments, is benchmarks/kill_train.py."""
    code = _RUN.format(tests=str(Path(__file__).parent), model=str(folder))
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    subprocess.run([sys.executable, "-c", code, str(undisturbed)], check=True, capture_output=True)
    for after in (7, 16):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(killed)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= after:
                os.kill(process.pid, signal.SIGKILL)
                break
        process.wait()
        process.stdout.close()
        assert not (killed / "adapter").exists()
    last = subprocess.run(
        [sys.executable, "-c", code, str(killed)], check=True, capture_output=True, text=True
    )
    assert int(last.stdout.split()[0]) > 10, "it began anew"
    weights = [
        load_file(run / "adapter" / "adapter_model.safetensors") for run in (undisturbed, killed)
    ]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_training_is_made_to_fit_its_time_and_goes_on_with_the_same_steps(
    trainer, tmp_path
) -> None:
    rows = rows_of(trainer, 40)
    endless = replace(RECIPE, epochs=1000, seconds=6.0)
    seen: list[Progress] = []
    done = trainer.train(rows, endless, tmp_path / "a", seen.append)
    assert 16 <= done.steps < 1000 * 34 / 4
    assert done.planned_seconds <= 1.1 * endless.seconds
    terms = (tmp_path / "a" / "terms.json").read_text()

    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "terms.json").write_text(terms)
    again: list[Progress] = []
    trainer.train(rows, endless, tmp_path / "b", again.append)
    # As they were laid out: how many of them there is time for, the clock says.
    assert (again[0].steps, again[0].loss) == (seen[0].steps, seen[0].loss)


def test_a_time_that_is_long_enough_changes_nothing(trainer, tmp_path) -> None:
    rows = rows_of(trainer, 12)
    done = trainer.train(rows, QUICK, tmp_path / "a", quiet)
    timed = trainer.train(rows, replace(QUICK, seconds=3600.0), tmp_path / "b", quiet)
    assert (timed.steps, timed.after) == (done.steps, done.after)
