"""The run of a training: transformers' Trainer over steps that are laid out beforehand.

Adds to the Trainer: packed batches in parts that fit the memory, a loss on learned tokens alone
whose head is computed there only, held-out loss, and checkpoints that tell whether they are whole.
Knows rows of token ids and a peft model; knows no text, no file layout of an expert.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor
from transformers import (
    EarlyStoppingCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer import TRAINING_ARGS_NAME

from pakar.backends.checkpoints import mark_complete, newest_complete
from pakar.backends.deadline import Deadline
from pakar.backends.packed_batch import (
    FixedContext,
    PackedBatch,
    answer_of,
    in_token_budget,
    is_long,
    pack,
    question_of,
)
from pakar.backends.rotary_switch import switch_of
from pakar.backends.split_cross_entropy import split_cross_entropy
from pakar.backends.time_limit import first_steps, step_tokens
from pakar.backends.training_steps import steps_of
from pakar.errors import TrainingError
from pakar.ports import Progress, Recipe, Row

if TYPE_CHECKING:
    import torch
    from peft import PeftModel

_HELD_OUT = "eval_loss"
# A rise over the first steps; without it the first large ones can spoil an adapter for good.
_WARMUP_SHARE = 0.05
_CLIP = 1.0


@dataclass(frozen=True, slots=True)
class Course:
    """All steps of a training, each the indices of its rows, and what they are taken from."""

    rows: Sequence[Row]
    held_out: Sequence[Row]
    steps: Sequence[Sequence[int]]

    @classmethod
    def planned(cls, rows: Sequence[Row], held_out: Sequence[Row], recipe: Recipe) -> Course:
        steps = steps_of(rows, batch=recipe.batch, epochs=recipe.epochs, seed=recipe.seed)
        return cls(rows, held_out, steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, step: int) -> list[Row]:
        return [self.rows[index] for index in self.steps[step]]

    def first(self, steps: int) -> Course:
        return replace(self, steps=self.steps[:steps])


def mean_loss(model: torch.nn.Module, rows: Sequence[Row], micro_tokens: int) -> float:
    """Cross-entropy in nats, the mean over all learned tokens of all rows. Trains nothing."""
    import torch

    was_training = model.training
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for part in _parts(rows, micro_tokens, model):
            total += float(summed_losses(model, part)[0])
            count += part.targets.numel()
    model.train(was_training)
    return total / max(1, count)


def pace(model: torch.nn.Module, rows: Sequence[Row], recipe: Recipe) -> float:
    """Tokens computed a second, forward and backward, over the first steps. Learns nothing.

    The first call allocates what all others take again, so that it tells too little.
    """
    steps, computed = first_steps(rows, recipe)
    started = time.perf_counter()
    _read_and_back(model, steps, recipe)
    seconds = time.perf_counter() - started
    model.zero_grad(set_to_none=True)
    return computed / seconds


def _read_and_back(model: torch.nn.Module, steps: Sequence[Sequence[Row]], recipe: Recipe) -> None:
    model.train()
    for step in steps:
        for part in _learned_parts(step, recipe, model):
            answers, questions = summed_losses(model, part)
            (answers + recipe.question_weight * questions).backward()  # type: ignore[no-untyped-call]


def deadline_of(course: Course, recipe: Recipe, spent: float, folder: Path) -> Deadline:
    """For the steps of a recipe of whose seconds so many are gone, or will be needed after them."""
    left = max(1.0, recipe.seconds - spent) if recipe.seconds else 0.0
    warmup = max(1, round(len(course) * _WARMUP_SHARE))
    return Deadline(step_tokens(course.rows, recipe), left, warmup, folder)


class AdapterRun(Trainer):  # type: ignore[misc]
    """One training. `best` is the step whose weights are kept at the end."""

    def __init__(
        self,
        model: PeftModel,
        course: Course,
        recipe: Recipe,
        folder: Path,
        on_progress: Callable[[Progress], None],
        deadline: Deadline,
    ) -> None:
        self.control: TrainerControl
        course = course.first(deadline.steps)
        self._course = course
        self._recipe = recipe
        self._deadline = deadline
        self.watch = _Watch(deadline, on_progress)
        super().__init__(
            model=model,
            args=_arguments(course, recipe, folder, deadline.laid_out),
            train_dataset=course,
            eval_dataset=list(course.held_out) or None,
            data_collator=_only,
            callbacks=[self.watch, *_early_stopping(course, recipe)],
        )
        self.remove_callback(_printer())

    def go_on(self) -> None:
        """Trains from the newest whole checkpoint of its folder, else from the beginning."""
        last = newest_complete(Path(self.args.output_dir))
        self.train(resume_from_checkpoint=str(last) if last else None)

    def training_step(
        self, model: torch.nn.Module, inputs: list[Row], num_items_in_batch: object = None
    ) -> Tensor:
        """One step over all its rows; gradients add up over the parts."""
        model.train()
        learned = sum(len(answer_of(row)) for row in inputs)
        questions_of = [question_of(row, self._recipe.question_tokens) for row in inputs]
        asked = max(1, sum(map(len, questions_of)))
        total = 0.0
        for part in _learned_parts(inputs, self._recipe, model):
            answers, questions = summed_losses(model, part)
            loss = answers / learned
            total += float(loss.detach())
            self.accelerator.backward(loss + self._recipe.question_weight * questions / asked)
        if total != total or total in (float("inf"), float("-inf")):
            raise TrainingError(
                f"the loss became {total} at step {self.state.global_step + 1}",
                hint="Set a lower learning_rate in the section [training] of pakar.toml.",
            )
        self.watch.tokens += sum(len(row.ids) for row in inputs)
        import torch

        return torch.tensor(total, device=self.args.device)

    def evaluate(self, *_: object, **__: object) -> dict[str, float]:
        loss = mean_loss(self.model, self._course.held_out, self._recipe.micro_tokens)
        metrics = {_HELD_OUT: loss}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """Asks the deadline, which may end the run earlier than was laid out."""
        from torch.optim.lr_scheduler import LambdaLR

        # A plain function: of any other callable, a checkpoint would hold what it knows.
        self.lr_scheduler = LambdaLR(
            optimizer or self.optimizer, lambda at: self._deadline.rate(at)
        )
        return self.lr_scheduler

    def _prepare_inputs(self, inputs: list[Row]) -> list[Row]:
        return inputs


class _Watch(TrainerCallback):  # type: ignore[misc]
    """Reports progress, keeps the curve and the time, and marks checkpoints as whole."""

    def __init__(self, deadline: Deadline, on_progress: Callable[[Progress], None]) -> None:
        self._deadline = deadline
        self._on_progress = on_progress
        self._started = time.perf_counter()
        self._first = 0
        self.tokens = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        self._first = state.global_step
        self._started = time.perf_counter()
        state.max_steps = self._deadline.steps

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        seconds = time.perf_counter() - self._started
        self._deadline.look(self._first, state.global_step, seconds)
        state.max_steps = self._deadline.steps

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, float] | None = None,
        **_: object,
    ) -> None:
        loss = _last(state, "loss")
        if logs and loss is not None and ("loss" in logs or _HELD_OUT in logs):
            seconds = time.perf_counter() - self._started
            held_out = _last(state, _HELD_OUT)
            done = state.global_step - self._first
            steps, at = self._deadline.steps, state.global_step
            self._on_progress(Progress(at, steps, done, loss, held_out, self.tokens, seconds))

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        # A pickle that nothing here reads.
        (folder / TRAINING_ARGS_NAME).unlink(missing_ok=True)
        mark_complete(folder)


def curve(state: TrainerState) -> Iterator[tuple[int, float, float | None]]:
    """(step, loss, held-out loss or None), one for each step that was logged."""
    held_out = {row["step"]: row[_HELD_OUT] for row in state.log_history if _HELD_OUT in row}
    for row in state.log_history:
        if "loss" in row:
            yield row["step"], row["loss"], held_out.get(row["step"])


def _last(state: TrainerState, name: str) -> float | None:
    return next((row[name] for row in reversed(state.log_history) if name in row), None)


def _arguments(course: Course, recipe: Recipe, folder: Path, laid_out: int) -> TrainingArguments:
    every = max(1, round(laid_out / max(1, recipe.evaluations)))
    measured = bool(course.held_out)
    return TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=1,
        num_train_epochs=1,
        learning_rate=recipe.learning_rate,
        weight_decay=0.0,
        max_grad_norm=_CLIP,
        optim="adamw_torch",
        seed=recipe.seed,
        logging_steps=1,
        logging_nan_inf_filter=False,
        eval_strategy="steps" if measured else "no",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=measured,
        metric_for_best_model=_HELD_OUT if measured else None,
        greater_is_better=False if measured else None,
        restore_callback_states_from_checkpoint=True,
        gradient_checkpointing=recipe.checkpointing,
        remove_unused_columns=False,
        label_names=[],
        train_sampling_strategy="sequential",
        dataloader_pin_memory=False,
        disable_tqdm=True,
        report_to="none",
        use_cpu=_on_cpu(),
    )


def _on_cpu() -> bool:
    from pakar.backends.numeric_precision import device_name

    return device_name() == "cpu"


def _early_stopping(course: Course, recipe: Recipe) -> list[TrainerCallback]:
    if not course.held_out or recipe.patience < 1:
        return []
    return [EarlyStoppingCallback(early_stopping_patience=recipe.patience)]


def _printer() -> type:
    from transformers import PrinterCallback

    printer: type = PrinterCallback
    return printer


def _only(items: Sequence[list[Row]]) -> list[Row]:
    """A data set's item is a whole step already."""
    (item,) = items
    return item


def _device(model: torch.nn.Module) -> torch.device:
    return next(model.parameters()).device


def _parts(rows: Sequence[Row], budget: int, model: torch.nn.Module) -> Iterator[PackedBatch]:
    device = _device(model)
    for part in in_token_budget(rows, budget, switch_of(model)):
        yield pack(part, device)


def _learned_parts(
    rows: Sequence[Row], recipe: Recipe, model: torch.nn.Module
) -> Iterator[PackedBatch]:
    device, switch = _device(model), switch_of(model)
    gradient = recipe.gradient_tokens
    for part in in_token_budget(rows, recipe.micro_tokens, switch, gradient_tokens=gradient):
        fewer = 0 if is_long(part[0], switch) else gradient
        yield pack(part, device, gradient_tokens=fewer, question_tokens=recipe.question_tokens)


def summed_losses(model: torch.nn.Module, batch: PackedBatch) -> tuple[Tensor, Tensor]:
    """Cross-entropy in nats, summed over all learned tokens: of the answers, of the questions.

    The gradient leaves out what is fixed in the batch.
    """
    output = model(
        input_ids=batch.ids[:, batch.fixed :],
        position_ids=batch.positions[:, batch.fixed :],
        logits_to_keep=batch.places - batch.fixed,
        segments=[one for one in batch.segments if not one.fixed],
        context=_fixed_context(model, batch),
        use_cache=False,
    )
    # Flattened, not the first of one: the gradient of that would be filled with zeros before.
    return split_cross_entropy(output.logits.flatten(0, 1), batch.targets, batch.answers)


def _fixed_context(model: torch.nn.Module, batch: PackedBatch) -> FixedContext | None:
    """What stands before the tokens with a gradient, read without one."""
    import torch

    if not batch.fixed:
        return None
    context = FixedContext()
    with torch.no_grad():
        model(
            input_ids=batch.ids[:, : batch.fixed],
            position_ids=batch.positions[:, : batch.fixed],
            logits_to_keep=1,
            segments=[one for one in batch.segments if one.fixed],
            keep=context,
            use_cache=False,
        )
    return context
