"""Trains adapters of language models in folders: the port `Trainer` through peft and transformers.

Puts the parts of a training together: rows in the model's own template, frozen weights, fused LoRA
layers, the run, and the adapter in peft's files. Knows no documents and no expert.
"""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.backends.chat_prompt import ChatPrompt
from pakar.backends.encoder_folder import read_json
from pakar.backends.extras import require
from pakar.backends.four_bits import import_bitsandbytes
from pakar.backends.model_cache import fingerprint_of
from pakar.backends.model_loading import silenced
from pakar.backends.numeric_precision import Precision
from pakar.backends.peak_memory import forget_peak, held_by_process, peak_memory
from pakar.backends.presets import language_model_preset
from pakar.backends.served_model import context_of, stop_ids_of
from pakar.errors import TrainingError
from pakar.ports import BaseModel, Beside, Progress, Recipe, Row, Rows, Trained
from pakar.types import Example

if TYPE_CHECKING:
    from peft import PeftModel

    from pakar.backends.deadline import Deadline
    from pakar.backends.time_limit import Terms

ADAPTER = "adapter"
_CHECKPOINTS = "checkpoints"
_NOTHING = Beside()
_LIBRARIES = ("torch", "transformers", "peft", "accelerate", "bitsandbytes")


class TransformersTrainer:
    """Trains adapters of the model in a folder. Loads weights only when it trains."""

    def __init__(
        self,
        folder: Path,
        spec: str,
        *,
        trust_remote_code: bool = False,
        precision: Precision = "auto",
    ) -> None:
        self._folder = folder
        self._spec = spec
        self._trusted = trust_remote_code
        self._precision: Precision = precision
        self._prompt = ChatPrompt(folder, spec)

    @cached_property
    def base(self) -> BaseModel:
        """Raises ModelError where the model has no template, or one that cannot be learned."""
        config = read_json(self._folder / "config.json")
        preset = language_model_preset(self._spec, str(config.get("model_type", "")))
        stop = self._prompt.stop_ids(preset.stop_tokens) | stop_ids_of(self._folder, config)
        return BaseModel(
            self._spec,
            fingerprint_of(self._folder),
            self._prompt.template_fingerprint,
            context_of(config, preset.context_tokens),
            stop,
            self._prompt.start_id(),
        )

    @cached_property
    def _end(self) -> int:
        config = read_json(self._folder / "config.json")
        preset = language_model_preset(self._spec, str(config.get("model_type", "")))
        return self._prompt.end_of_turn(preset.stop_tokens)

    def row(self, example: Example) -> Row:
        """A conversation's last answer is learned; of a text, all of it."""
        *asked, answer = example.messages
        prompt = self._prompt.ids(asked) if asked else self._beginning()
        learned = [*self._prompt.answer_ids(answer.content.strip(), asked), self._end]
        return Row((*prompt, *learned), len(learned), example.id)

    def _beginning(self) -> list[int]:
        start = self._prompt.start_id()
        return [] if start is None else [start]

    def train(
        self,
        rows: Rows,
        recipe: Recipe,
        folder: Path,
        on_progress: Callable[[Progress], None],
        *,
        beside: Beside = _NOTHING,
    ) -> Trained:
        """Leaves the best weights in `folder`/adapter. Checkpoints in `folder` are gone on from.

        Raises TrainingError where it cannot go on, ModelError where the model does not load.
        """
        _require_libraries()
        from pakar.backends.adapter_training import (
            AdapterRun,
            Course,
            curve,
            deadline_of,
            mean_loss,
        )
        from pakar.backends.base_weights import frozen_bytes
        from pakar.backends.time_limit import fitted, kept_terms, seconds_of

        started = time.perf_counter()
        forget_peak()
        process = held_by_process()
        with _memory_explained(), silenced():
            model = self._adapted(recipe)
            loading = time.perf_counter() - started
            take = partial(_terms, model, rows, recipe, beside, started, loading)
            terms = kept_terms(folder, take)
            recipe = replace(recipe, seconds=terms.seconds, gradient_tokens=terms.gradient_tokens)
            rows, recipe = fitted(rows, recipe, terms.pace)
            planned = time.perf_counter() - started + seconds_of(rows, recipe, terms.pace)
            course = Course.planned(rows.learned, rows.held_out, recipe)
            general, before, measured = _measured_before(model, rows, recipe)
            deadline = deadline_of(course, recipe, measured, folder)
            run = AdapterRun(model, course, recipe, folder / _CHECKPOINTS, on_progress, deadline)
            run.go_on()
            general_after = mean_loss(model, rows.general, recipe.micro_tokens)
            _save(model, folder / ADAPTER, self._spec)
        points = tuple(curve(run.state))
        return Trained(
            steps=run.state.global_step,
            best_step=run.state.best_global_step or run.state.global_step,
            before=before,
            after=run.state.best_metric,
            general=(general, general_after),
            curve=points,
            tokens=run.watch.tokens,
            seconds=time.perf_counter() - started,
            memory_mb=peak_memory() / 1e6,
            frozen_mb=frozen_bytes(model) / 1e6,
            versions=_versions(),
            recipe=_carried_out(recipe, deadline, len(rows.learned)),
            planned_seconds=planned,
            process_mb=None if process is None else process / 1e6,
            shortened_from=deadline.laid_out if deadline.is_cut else None,
        )

    def pace(self, rows: Sequence[Row], recipe: Recipe) -> float:
        """Tokens a second, over the first of the rows; loads the model for it."""
        _require_libraries()
        from pakar.backends.adapter_training import pace

        with _memory_explained(), silenced():
            model = self._adapted(recipe)
            pace(model, rows, recipe)
            return pace(model, rows, recipe)

    def merge(self, adapter: Path, folder: Path) -> None:
        """Writes the model with the adapter in its weights, as a folder that `path:` opens."""
        from pakar.backends.adapter_merging import merge_adapter

        merge_adapter(self._folder, self._spec, adapter, folder, trust_remote_code=self._trusted)

    def _adapted(self, recipe: Recipe) -> PeftModel:
        from peft import LoraConfig, get_peft_model
        from transformers import set_seed

        from pakar.backends.base_weights import load_base
        from pakar.backends.exact_speedups import use_fused_norms
        from pakar.backends.lora_layers import use_fused_layers
        from pakar.backends.packed_batch import NAME, register_packed_attention

        register_packed_attention()
        four_bit = recipe.method == "qlora"
        model = load_base(
            self._folder,
            self._spec,
            precision=self._precision,
            packing="nf4" if four_bit else "whole",
            attention=NAME,
            trust_remote_code=self._trusted,
        )
        use_fused_norms(model)
        for parameter in model.parameters():
            parameter.requires_grad = False
        if recipe.checkpointing:
            model.enable_input_require_grads()
        set_seed(recipe.seed)
        config = LoraConfig(
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            target_modules=list(recipe.targets) or "all-linear",
            task_type="CAUSAL_LM",
        )
        use_fused_layers(config, four_bit=four_bit)
        try:
            return get_peft_model(model, config)
        except ValueError as error:
            raise TrainingError(
                f"{self._spec}: no layer is named {', '.join(recipe.targets)}",
                hint="Leave `targets` out: all linear layers but the head are adapted then.",
            ) from error


def _terms(
    model: PeftModel, rows: Rows, recipe: Recipe, beside: Beside, started: float, loading: float
) -> Terms:
    """By the model's own pace; `started` on the clock of perf_counter, `loading` in seconds."""
    from pakar.backends.adapter_training import pace
    from pakar.backends.time_limit import seconds_left, terms_of

    def left(speed: float) -> float:
        spent = beside.gone + time.perf_counter() - started
        return seconds_left(recipe, speed, spent, loading, beside)

    return terms_of(rows, recipe, partial(pace, model, rows.learned), left)


def _measured_before(
    model: PeftModel, rows: Rows, recipe: Recipe
) -> tuple[float, float | None, float]:
    """The losses on general text and on held-out rows, None without any; and the seconds that this
    took, with those of the general text at the end.

    A new adapter changes nothing yet, so these are the base model's losses.
    """
    from pakar.backends.adapter_training import mean_loss

    started = time.perf_counter()
    general = mean_loss(model, rows.general, recipe.micro_tokens)
    took = time.perf_counter() - started
    held_out = rows.held_out
    before = mean_loss(model, held_out, recipe.micro_tokens) if held_out else None
    return general, before, time.perf_counter() - started + took


def _carried_out(recipe: Recipe, deadline: Deadline, rows: int) -> Recipe:
    """The recipe with the steps that the time was enough for."""
    if not deadline.is_cut:
        return recipe
    # A part of a step counts as a whole one: half of the last is far from both sides.
    return replace(recipe, epochs=(deadline.steps - 0.5) * recipe.batch / rows)


def _save(model: PeftModel, folder: Path, spec: str) -> None:
    """peft's two files; they name the base model as the user does, not by a path from here."""
    for config in model.peft_config.values():
        config.base_model_name_or_path = spec.removeprefix("hf:")
    # Embeddings never learn; left to itself, peft would ask the hub whether they grew.
    model.save_pretrained(folder, safe_serialization=True, save_embedding_layers=False)
    # Its model card is an empty form.
    (folder / "README.md").unlink(missing_ok=True)


@contextmanager
def _memory_explained() -> Iterator[None]:
    import torch

    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # torch has an error of its own for a GPU; on a CPU it raises a plain one.
        short = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not short and "can't allocate memory" not in str(error):
            raise
        raise TrainingError(
            "the memory was not enough for this training",
            hint="See: pakar plan. QLoRA, or fewer micro_tokens in [training], need less.",
        ) from error
    except OSError as error:
        raise TrainingError(
            f"a checkpoint cannot be written: {error.strerror or error}",
            hint="Free some space; then run it again with --resume.",
        ) from error


def _require_libraries() -> None:
    require("torch", "transformers")
    require("peft", "accelerate", extra="train")
    # transformers' Trainer imports peft, and that imports it.
    import_bitsandbytes()


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
