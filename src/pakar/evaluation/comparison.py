"""A finished comparison: figures, verdict, and all that they rest on.

`Comparison` is what `Expert.compare` returns. Knows how the parts are put together; the figures
come from `results`, the verdict from `recommend`, the pages from `report`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pakar.errors import ConfigError
from pakar.evaluation.bootstrap import Interval
from pakar.evaluation.evidence import Evidence
from pakar.evaluation.questions import Question
from pakar.evaluation.recommend import Recommendation
from pakar.evaluation.record import Record
from pakar.evaluation.results import Measured, RouteResult
from pakar.evaluation.tied import Pair

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and of what a comparison was made. `states` are the routes' fingerprints, `energy`
    says what its estimate rests on."""

    id: str
    expert: str
    finished: str
    seconds: float
    seed: int
    machine: str
    models: Mapping[str, str]
    states: Mapping[str, str]
    energy: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """The verdict of the same exam before: whether it moved, and what had changed meanwhile."""

    finished: str
    route: str
    tied: tuple[str, ...]
    moved: bool
    changed: tuple[str, ...]

    @property
    def says(self) -> str:
        since = f"Since {self.finished}"
        what = f"of the routes, {', '.join(self.changed)} changed" if self.changed else (
            "nothing changed that the answers depend on"
        )  # fmt: skip
        if self.moved:
            return f"The verdict moved. {since} {what}; before it was {self.route or 'none'}."
        return f"The verdict stands. {since} {what}."


@dataclass(frozen=True, slots=True)
class Comparison:
    """Routes compared on held-out questions.

    `routes` have the means and intervals of every measure, `pairs` every two routes on every
    measure that they share, `recommendation` the verdict. `records[route][question id]` is every
    answer, `measured` what each was worth.
    """

    setting: Setting
    evidence: Evidence
    recommendation: Recommendation
    questions: tuple[Question, ...]
    records: Mapping[str, Mapping[str, Record]]
    measured: Measured
    previous: Moved | None = None
    report: str = ""
    folder: str = ""

    @property
    def routes(self) -> Sequence[RouteResult]:
        return self.evidence.routes

    @property
    def pairs(self) -> tuple[Pair, ...]:
        return tuple(pair for one in self.evidence.standings.values() for pair in one.pairs)

    def as_json(self) -> Json:
        """The document that `pakar compare --json` prints."""
        exam, verdict = self.evidence.exam, self.recommendation
        return {
            "id": self.setting.id,
            "finished": self.setting.finished,
            "questions": exam.asked,
            "scored": exam.scored,
            "seed": self.setting.seed,
            "machine": self.setting.machine,
            "energy": self.setting.energy,
            "seconds": round(self.setting.seconds, 1),
            "routes": [_route(one) for one in self.routes],
            "not_run": dict(self.evidence.not_run),
            "pairs": [_pair(one) for one in self.pairs],
            "recommendation": {
                "route": verdict.route,
                "kind": verdict.kind,
                "verdict": verdict.verdict,
                "tied": list(verdict.tied),
                "reasons": list(verdict.reasons),
                "caveats": list(verdict.caveats),
                "would_change": list(verdict.would_change),
                "types": [
                    {
                        "type": one.type,
                        "questions": one.questions,
                        "route": one.route,
                        "tied": list(one.tied),
                        "significant": one.significant,
                        "says": one.says,
                    }
                    for one in verdict.types
                ],
            },
            "previous": None if self.previous is None else _moved(self.previous),
            "report": self.report,
        }

    def save(self, path: str | Path) -> Path:
        """Writes the report as one file: .html, .md or .json, by the name's ending.

        Raises ConfigError for another ending.
        """
        from pakar.evaluation.report import html_page, markdown_page

        target = Path(path)
        writers: dict[str, Callable[[Comparison], str]] = {
            ".html": html_page,
            ".md": markdown_page,
            ".json": _json_text,
        }
        writer = writers.get(target.suffix.lower())
        if writer is None:
            raise ConfigError(
                f"{target}: a report is no {target.suffix or 'file without an ending'}",
                hint="Name it .html, .md or .json.",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(writer(self), encoding="utf-8", errors="backslashreplace")
        return target


def _json_text(done: Comparison) -> str:
    return json.dumps(done.as_json(), ensure_ascii=False, indent=2) + "\n"


def _route(one: RouteResult) -> Json:
    return {
        "name": one.name,
        "metrics": {name: _interval(value) for name, value in one.metrics.items()},
        "latency_s": _rounded(one.cost.latency_s, 4),
        "first_token_s": _rounded(one.cost.first_token_s, 4),
        "memory_mb": _rounded(one.cost.memory_mb, 1),
        "training_s": round(one.cost.training_s, 1),
        "upkeep_s": _rounded(one.cost.upkeep_s, 3),
        "answer_wh": _rounded(one.cost.answer_wh, 5),
        "training_wh": round(one.cost.training_wh, 3),
        "answered": one.answered,
        "failed": one.failed,
        "error": one.error,
        "model": one.spec if one.has_model else "",
        "adapter": one.adapter,
        "stale": list(one.stale),
    }


def _interval(one: Interval) -> Json:
    return {
        "mean": round(one.mean, 6),
        "low": round(one.low, 6),
        "high": round(one.high, 6),
        "count": one.count,
    }


def _pair(one: Pair) -> Json:
    return {
        "a": one.a,
        "b": one.b,
        "metric": one.metric,
        "difference": round(one.difference, 6),
        "low": round(one.low, 6),
        "high": round(one.high, 6),
        "p": round(one.p, 6),
        "count": one.count,
    }


def _moved(one: Moved) -> Json:
    return {
        "finished": one.finished,
        "route": one.route,
        "tied": list(one.tied),
        "moved": one.moved,
        "changed": list(one.changed),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
