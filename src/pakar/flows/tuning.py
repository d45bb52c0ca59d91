"""From examples to an adapter that can be trusted, step by step:

    rows -> preflight -> training -> what was lost -> the adapter's record

Each run has a folder below `.pakar/training`, named by what is learned and how (`training_runs`).
Holds no logic of a step.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pakar.config import Training
from pakar.errors import TrainingError
from pakar.flows import adapters, training_runs
from pakar.flows.indexed import hashes
from pakar.flows.plan import PlanRequest, make_plan, own_work
from pakar.flows.refusing import (
    RefusalPrompts,
    answerable_prompts,
    base_share_refused,
    foreign_prompts,
    kept_share,
    share_refused,
)
from pakar.flows.training_data import training_data
from pakar.flows.workplace import Workplace
from pakar.index.lock import writing
from pakar.ports import (
    Adaptable,
    Beside,
    Progress,
    Recipe,
    Rows,
    Trained,
)
from pakar.training import adapter_files
from pakar.training.curve import draw_curve
from pakar.training.identity import data_hash
from pakar.training.lost import Lost, general_texts
from pakar.training.plan import Plan
from pakar.training.preflight import Preflight, preflight
from pakar.training.split import held_out_share, split
from pakar.types import Adapter, Example, Method
from pakar.version import __version__

# The least that checkpoints, and the adapter beside them, take on the disk.
_FREE_BYTES = 1_000_000_000

OnStage = Callable[[str], None]
OnWait = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who wants to know: `stage` gets one line a stage, `checks` the ledger, `progress` the run."""

    stage: OnStage
    checks: Callable[[Preflight], None]
    progress: Callable[[Progress], None]


def unwatched() -> Watcher:
    return Watcher(lambda _: None, lambda _: None, lambda _: None)


@dataclass(frozen=True, slots=True)
class _Task:
    """What is learned and how. `documents` are the index's, by name, when it began, and `began` is
    when that was, by the monotonic clock."""

    place: Workplace
    examples: Sequence[Example]
    recipe: Recipe
    documents: Mapping[str, str]
    began: float

    @property
    def name(self) -> str:
        """Equal for equal examples, settings, base model and training code."""
        base = self.place.trainer.base.fingerprint
        facts = json.dumps([data_hash(self.examples), asdict(self.recipe), base, __version__])
        return f"{self.recipe.method}-{hashlib.sha256(facts.encode()).hexdigest()[:8]}"


def train(
    place: Workplace,
    method: Method | None,
    watcher: Watcher,
    *,
    minutes: float | None = None,
    resume: bool = False,
    on_wait: OnWait | None = None,
) -> Adapter:
    """Trains on the accepted examples, or goes on with the newest unfinished run.

    Raises TrainingError where the preflight or the training stops it, or there is no such run, and
    ExampleError without examples.
    """
    began = time.monotonic()
    folder = place.derived / training_runs.FOLDER
    with writing(folder, on_wait=on_wait):
        # Opened before anything is made: a model that cannot be trained is said at once.
        _ = place.trainer, place.model
        documents = hashes(place)
        if resume:
            run = training_runs.unfinished(folder)
            if run is None:
                raise TrainingError(
                    "there is no unfinished training", hint="Begin one: pakar train"
                )
            examples, method = training_runs.examples_of(run), training_runs.method_of(run)
        else:
            watcher.stage("Making the training data ...")
            made = training_data(place)
            for reason, count in made.left_out.items():
                watcher.stage(f"{count} left out: {reason}")
            examples = list(made.examples)
        recipe = recipe_of(place.config.training, method, minutes)
        return _tuned(_Task(place, examples, recipe, documents, began), watcher)


def recipe_of(settings: Training, method: Method | None, minutes: float | None = None) -> Recipe:
    """The settings as a recipe; `minutes` in place of theirs."""
    tokens = settings.gradient_tokens
    return Recipe(
        method=method or settings.method,
        rank=settings.rank,
        alpha=settings.alpha,
        learning_rate=settings.learning_rate,
        epochs=settings.epochs,
        batch=settings.batch,
        seed=settings.seed,
        question_weight=settings.question_weight,
        gradient_tokens=tokens if isinstance(tokens, int) else 0,
        fewer_in_time=tokens == "auto",
        micro_tokens=settings.micro_tokens,
        patience=settings.patience,
        seconds=60 * (settings.minutes if minutes is None else minutes),
    )


def _tuned(task: _Task, watcher: Watcher) -> Adapter:
    """Trains, or goes on with a run that was killed; gives back what has been learned already."""
    place, model = task.place, task.place.model
    if not isinstance(model, Adaptable):
        raise TrainingError(
            f"{model.info.spec} takes no adapters",
            hint="Name a model that runs here: bundled:NAME, hf:ORG/NAME or path:DIR.",
        )
    name = task.name
    known = place.derived / adapters.FOLDER / name
    if (known / adapter_files.RECORD).is_file():
        watcher.stage(f"{name} has learned exactly this already")
        return adapter_files.load(known).adapter
    looked = _looked_at(task, model.template)
    watcher.checks(looked)
    looked.require()
    _require_space(place.derived)
    _require_memory(_planned(task, looked, task.recipe))
    run = place.derived / training_runs.FOLDER / name
    training_runs.begin(run, task.examples)
    watcher.stage("Training ...")
    general = [place.trainer.row(one) for one in general_texts()]
    rows = Rows(looked.rows, looked.held_out, general)
    asked = _Asked(foreign_prompts(place), answerable_prompts(place, _sides(task)[1]))
    # Nothing is searched from here on, and the memory is needed.
    place.close_retrieval()
    trained = place.trainer.train(
        rows, task.recipe, run, watcher.progress, beside=_beside(task, asked)
    )
    if laid_out := trained.shortened_from:
        watcher.stage(
            f"{trained.steps} steps instead of {laid_out}: they took longer than the first ones"
        )
    watcher.stage("Measuring what was lost ...")
    lost = _lost(task, model, asked, run / "adapter", trained)
    # Of what was carried out, which in a limited time is less than what was asked for, and of the
    # process that did it: one that has indexed before holds more than a fresh one.
    plan = _planned(task, looked, trained.recipe, trained.process_mb)
    return _keep(task, run, _Outcome(trained, lost, plan.resident / 1e6))


def _sides(task: _Task) -> tuple[list[Example], list[Example]]:
    """The examples to learn from, and those held out."""
    return split(task.examples, held_out_share(len(task.examples)), task.recipe.seed)


def _looked_at(task: _Task, template: str) -> Preflight:
    learned, held_out = _sides(task)
    trainer = task.place.trainer
    return preflight(
        [trainer.row(one) for one in learned],
        [trainer.row(one) for one in held_out],
        trainer.base,
        task.recipe,
        served_template=template,
    )


def _planned(
    task: _Task, looked: Preflight, recipe: Recipe, process_mb: float | None = None
) -> Plan:
    config = task.place.config
    request = PlanRequest(timed=False, micro_tokens=recipe.micro_tokens, batch=recipe.batch)
    if process_mb is not None:
        request = replace(request, process=round(process_mb * 1e6))
    paced = task.recipe if task.recipe.seconds else None
    return make_plan(recipe.method, request, config, own_work(looked.rows, recipe, paced))


def _require_space(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < _FREE_BYTES:
        raise TrainingError(
            f"{folder}: {free / 1e9:.1f} GB are free, and checkpoints need {_FREE_BYTES / 1e9:.0f}",
            hint="Free some space, or move the expert to a larger disk.",
        )


def _require_memory(plan: Plan) -> None:
    if not plan.fits:
        raise TrainingError(
            f"this training needs about {plan.needed / 1e9:.1f} GB, and {plan.machine.name} has "
            f"{plan.machine.bytes / 1e9:.1f}",
            hint="See: pakar plan. QLoRA, or fewer micro_tokens in [training], need less.",
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the model is asked afterwards."""

    foreign: RefusalPrompts
    answerable: RefusalPrompts


@dataclass(frozen=True, slots=True)
class _Outcome:
    trained: Trained
    lost: Lost
    planned_mb: float


def _beside(task: _Task, asked: _Asked) -> Beside:
    """Both models are asked afterwards; the base model's answers may be known already."""
    foreign, own = asked.foreign, asked.answerable
    kept = kept_share(task.place, foreign, task.place.derived / training_runs.FOLDER)
    models = 2 if kept is None else 1
    read, written = models * foreign.read + own.read, models * foreign.written + own.written
    return Beside(time.monotonic() - task.began, models, read, written)


def _lost(task: _Task, model: Adaptable, asked: _Asked, adapter: Path, trained: Trained) -> Lost:
    tuned = model.adapted(adapter, four_bit=task.recipe.method == "qlora")
    try:
        after = share_refused(tuned, asked.foreign)
        refused = share_refused(tuned, asked.answerable)
    finally:
        model.forget(adapter)
    runs = task.place.derived / training_runs.FOLDER
    before = base_share_refused(task.place, asked.foreign, runs)
    return Lost(*trained.general, before, after, refused)


def _keep(task: _Task, run: Path, outcome: _Outcome) -> Adapter:
    """Draws the curve, writes the record, moves the adapter to its place and clears the run."""
    trained, lost, place = outcome.trained, outcome.lost, task.place
    made = run / "adapter"
    draw_curve(trained.curve, made / "loss.png")
    base = place.trainer.base
    adapter = Adapter(
        id=run.name,
        method=task.recipe.method,
        base=base.spec,
        folder=str(made),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        examples=len(task.examples),
        refused=lost.verdict(place.config.training.forgetting_limit),
        loss=(trained.before or 0.0, trained.after or 0.0),
        seconds=trained.seconds,
        memory_mb=trained.memory_mb,
    )
    grounded = any(one.form == "grounded" for one in task.examples)
    facts: dict[str, object] = {
        "pakar": __version__,
        "data_hash": data_hash(task.examples),
        "recipe": asdict(task.recipe),
        "trained": asdict(replace(trained, versions=dict(trained.versions))),
        "lost": asdict(lost),
        "planned_memory_mb": round(outcome.planned_mb),
        adapter_files.SENTENCES: place.config.retrieval.sentences if grounded else None,
    }
    sources = adapter_files.sources_of(task.examples, task.documents)
    record = adapter_files.Record(adapter, base.fingerprint, base.template, sources, facts)
    kept = adapter_files.keep(place.derived / adapters.FOLDER, made, record, task.examples)
    shutil.rmtree(run, ignore_errors=True)
    return replace(kept, documents=tuple(sorted(sources)))
