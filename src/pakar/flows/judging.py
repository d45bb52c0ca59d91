"""Lets a judge read the answers of a comparison, each once, and checks it against labels.

What was judged is kept beside the answers, so that a killed comparison does not ask again. A judge
that fails is one line, and the comparison goes on without it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pakar.errors import PakarError
from pakar.evaluation import judge as judging
from pakar.evaluation.judge import SCHEMA
from pakar.evaluation.questions import Question
from pakar.evaluation.run import Ran
from pakar.ports import Generation, LanguageModel
from pakar.types import Answer, Message

_KEPT = "judged.jsonl"
_TOKENS = 40
# After so many failures the judge is not asked any more.
_PATIENCE = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """`values[route][question id]` is 1 or 0; `notes` say how far they can be trusted."""

    values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def judgement(
    ran: Ran,
    spec: str,
    opened: Callable[[], LanguageModel],
    labels: Path | None,
    place: Path,
) -> Judgement:
    """The judge's word on every answer. Raises ConfigError for labels that cannot be read."""
    known = judging.load_labels(labels) if labels is not None else {}
    bench = _Bench(spec, opened, place / _KEPT)
    verdicts: dict[tuple[str, str], bool] = {}
    values: dict[str, dict[str, float]] = {}
    for route, records in ran.records.items():
        for question in ran.asked:
            answer = records[question.id].answer
            if answer is None or not judging.is_judged(question, answer):
                continue
            right = bench.verdict(question, answer)
            if right is not None:
                verdicts[question.id, route] = right
                values.setdefault(route, {})[question.id] = float(right)
    return Judgement(values, (judging.agreement(verdicts, known).says(spec), *bench.notes()))


class _Bench:
    """One judge, what it said before, and how often it failed."""

    def __init__(self, spec: str, opened: Callable[[], LanguageModel], file: Path) -> None:
        self._spec = spec
        self._opened = opened
        self._file = file
        self._kept = _kept(file)
        self._failures: list[str] = []
        self._unclear = 0

    def verdict(self, question: Question, answer: Answer) -> bool | None:
        """As it was given before, or now; None where there is none."""
        key = judging.fingerprint(self._spec, question, answer)
        if key in self._kept:
            return self._kept[key]
        if len(self._failures) >= _PATIENCE:
            return None
        try:
            right = judging.judged(question, answer, self._ask)
        except PakarError as error:
            self._failures.append(str(error))
            return None
        except Exception as error:  # a back-end of others may raise anything
            first = (str(error).splitlines() or [""])[0]
            self._failures.append(f"{type(error).__name__}: {first:.200}")
            return None
        if right is None:
            self._unclear += 1
            return None
        self._kept[key] = right
        _keep(self._file, key, right)
        return right

    def notes(self) -> Iterator[str]:
        """What the reader must know of answers without a verdict."""
        if self._failures:
            yield f"The judge {self._spec} failed {len(self._failures)} times: {self._failures[0]}"
        if self._unclear:
            yield f"The judge {self._spec} gave no verdict on {self._unclear} answers."

    @cached_property
    def _ask(self) -> judging.Ask:
        return _asking(self._opened())


def _asking(model: LanguageModel) -> judging.Ask:
    settings = Generation(_TOKENS, schema=SCHEMA)

    def ask(messages: Sequence[Message]) -> str:
        return "".join(model.generate(messages, settings))

    return ask


def _kept(file: Path) -> dict[str, bool]:
    found: dict[str, bool] = {}
    if file.is_file():
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = json.loads(line)
                found[str(row["key"])] = bool(row["right"])
            except (ValueError, TypeError, KeyError):
                continue  # a line that a kill cut off
    return found


def _keep(file: Path, key: str, right: bool) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as target:
        target.write(f"\n{json.dumps({'key': key, 'right': right})}")
