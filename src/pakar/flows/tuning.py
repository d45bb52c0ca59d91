"""From examples to an adapter that can be trusted, step by step:

    rows -> preflight -> training -> what was lost -> the adapter's record

Each run has a folder below `.pakar/training`, named by what is learned and how, with the examples
as they were; a run that was killed is gone on from there. Holds no logic of a step.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pakar.answering.wording import wording
from pakar.atomic_file import write_atomically
from pakar.config import Training
from pakar.errors import TrainingError
from pakar.ports import (
    Adaptable,
    Generation,
    LanguageModel,
    Progress,
    Recipe,
    Rows,
    Trained,
    Trainer,
)
from pakar.training import adapter_files
from pakar.training.curve import draw_curve
from pakar.training.identity import data_hash
from pakar.training.lost import Lost, foreign_questions, general_texts
from pakar.training.plan import Plan
from pakar.training.preflight import Preflight, preflight
from pakar.training.rows import parse_row, to_line, to_row
from pakar.training.serving import Serving
from pakar.training.split import split
from pakar.types import Adapter, Example, Method
from pakar.version import __version__

_EXAMPLES = "examples.jsonl"
# What is held out is measured about eight times, so it must be a small part; but too few tell
# nothing.
_HELD_OUT_SHARE = 0.05
_FEWEST_HELD_OUT, _MOST_HELD_OUT = 8, 32
_HELD_OUT_OF_FEW = 0.1
# A refusal is said in a few words; what is longer is an answer.
_REFUSAL_TOKENS = 24
# The least that checkpoints, and the adapter beside them, take on the disk.
_FREE_BYTES = 1_000_000_000

OnStage = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who wants to know: `stage` gets one line a stage, `checks` the ledger, `progress` the run."""

    stage: OnStage
    checks: Callable[[Preflight], None]
    progress: Callable[[Progress], None]


def unwatched() -> Watcher:
    return Watcher(lambda _: None, lambda _: None, lambda _: None)


@dataclass(frozen=True, slots=True)
class Workshop:
    """All that a training needs of an expert.

    `documents` are names with their hash; `plan` takes tokens and learned tokens of each row.
    """

    folder: Path
    trainer: Trainer
    model: LanguageModel
    serving: Callable[[], Serving]
    documents: Mapping[str, str]
    settings: Training
    plan: Callable[[Method, Sequence[tuple[int, int]]], Plan]


def recipe_of(settings: Training, method: Method | None, minutes: float | None = None) -> Recipe:
    """The settings as a recipe; `minutes` in place of theirs."""
    return Recipe(
        method=method or settings.method,
        rank=settings.rank,
        alpha=settings.alpha,
        learning_rate=settings.learning_rate,
        epochs=settings.epochs,
        batch=settings.batch,
        seed=settings.seed,
        micro_tokens=settings.micro_tokens,
        patience=settings.patience,
        seconds=60 * (settings.minutes if minutes is None else minutes),
    )


def unfinished(shop: Workshop) -> Path | None:
    """The folder of the newest run that was begun and not finished."""
    runs = [path for path in (shop.folder / "training").glob("*") if (path / _EXAMPLES).is_file()]
    return max(runs, key=lambda path: (path / _EXAMPLES).stat().st_mtime, default=None)


def examples_of(run: Path) -> list[Example]:
    """The examples of a run, as they were when it began."""
    lines = (run / _EXAMPLES).read_text(encoding="utf-8").splitlines()
    return [parse_row(line) for line in lines]


def method_of(run: Path) -> Method:
    return "qlora" if run.name.startswith("qlora") else "lora"


def tune(shop: Workshop, examples: Sequence[Example], recipe: Recipe, watcher: Watcher) -> Adapter:
    """Trains on these examples, or goes on with a run of them; gives back what exists already.

    Raises TrainingError where the preflight or the training stops it. A run that is killed is gone
    on from by the same call.
    """
    if not isinstance(shop.model, Adaptable):
        raise TrainingError(
            f"{shop.model.info.spec} takes no adapters",
            hint="Name a model that runs here: bundled:NAME, hf:ORG/NAME or path:DIR.",
        )
    name = _name(shop, examples, recipe)
    known = shop.folder / "adapters" / name
    if (known / adapter_files.RECORD).is_file():
        watcher.stage(f"{name} has learned exactly this already")
        return adapter_files.load(known).adapter
    looked = _looked_at(shop, examples, recipe, shop.model.template)
    watcher.checks(looked)
    looked.require()
    _require_space(shop.folder)
    plan = shop.plan(recipe.method, [(len(row.ids), row.learned) for row in looked.rows])
    _require_memory(plan)
    run = shop.folder / "training" / name
    run.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{to_line(to_row(one))}\n" for one in examples)
    write_atomically(run / _EXAMPLES, lines.encode("utf-8", "surrogatepass"))
    watcher.stage("Training")
    general = [shop.trainer.row(one) for one in general_texts()]
    rows = Rows(looked.rows, looked.held_out, general)
    trained = shop.trainer.train(rows, recipe, run, watcher.progress)
    watcher.stage("Measuring what was lost")
    lost = _lost(shop, shop.model, run / "adapter", trained, recipe)
    return _keep(shop, examples, recipe, name, _Outcome(trained, lost, plan.resident / 1e6))


def _looked_at(
    shop: Workshop, examples: Sequence[Example], recipe: Recipe, template: str
) -> Preflight:
    learned, held_out = split(examples, _held_out_share(len(examples)), recipe.seed)
    return preflight(
        [shop.trainer.row(one) for one in learned],
        [shop.trainer.row(one) for one in held_out],
        shop.trainer.base,
        recipe,
        served_template=template,
    )


def _held_out_share(examples: int) -> float:
    wanted = max(_HELD_OUT_SHARE * examples, min(_FEWEST_HELD_OUT, _HELD_OUT_OF_FEW * examples))
    return min(wanted, _MOST_HELD_OUT) / max(1, examples)


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
class _Outcome:
    trained: Trained
    lost: Lost
    planned_mb: float


def _name(shop: Workshop, examples: Sequence[Example], recipe: Recipe) -> str:
    """Equal for equal examples, settings, base model and training code."""
    facts = json.dumps(
        [data_hash(examples), asdict(recipe), shop.trainer.base.fingerprint, __version__]
    )
    return f"{recipe.method}-{hashlib.sha256(facts.encode()).hexdigest()[:8]}"


def _lost(
    shop: Workshop, model: Adaptable, adapter: Path, trained: Trained, recipe: Recipe
) -> Lost:
    four_bit = recipe.method == "qlora"
    tuned = model.adapted(adapter, four_bit=four_bit)
    try:
        after = _says_unknown(shop, tuned)
        before = _says_unknown(shop, shop.model)
    finally:
        model.forget(adapter)
    return Lost(*trained.general, before, after)


def _says_unknown(shop: Workshop, model: LanguageModel) -> float:
    """The share of foreign questions at which it says so, with the nearest passages before it."""
    serving = shop.serving()
    said = 0
    questions = foreign_questions()
    for question in questions:
        hits = serving.search(question, 2)
        prompt = serving.with_passages(question, hits, ())
        pieces = model.generate(prompt.messages, Generation(_REFUSAL_TOKENS))
        said += wording("en").says_unknown("".join(pieces))
    return said / len(questions)


def _keep(
    shop: Workshop,
    examples: Sequence[Example],
    recipe: Recipe,
    name: str,
    outcome: _Outcome,
) -> Adapter:
    trained, lost = outcome.trained, outcome.lost
    run = shop.folder / "training" / name
    made = run / "adapter"
    draw_curve(trained.curve, made / "loss.png")
    base = shop.trainer.base
    adapter = Adapter(
        id=name,
        method=recipe.method,
        base=base.spec,
        folder=str(made),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        examples=len(examples),
        refused=lost.verdict(shop.settings.forgetting_limit),
        loss=(trained.before or 0.0, trained.after or 0.0),
        seconds=trained.seconds,
        memory_mb=trained.memory_mb,
    )
    facts: dict[str, object] = {
        "pakar": __version__,
        "data_hash": data_hash(examples),
        "recipe": asdict(recipe),
        "trained": asdict(replace(trained, versions=dict(trained.versions))),
        "lost": asdict(lost),
        "planned_memory_mb": round(outcome.planned_mb),
    }
    sources = adapter_files.sources_of(examples, shop.documents)
    record = adapter_files.Record(adapter, base.fingerprint, base.template, sources, facts)
    kept = adapter_files.keep(shop.folder / "adapters", made, record, examples)
    shutil.rmtree(run, ignore_errors=True)
    return replace(kept, documents=tuple(sorted(sources)))
