"""One answer of one route to one question, with all that a doubter wants to see, as a line of JSON.

Knows the form of the line and nothing of how answers come about or are measured.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from pakar.evaluation.questions import Question
from pakar.types import Answer, Citation, Computation, Hit, Message, Passage, Timings

_CITATION = (
    "document start end quote answer_start answer_end score page heading title place".split()
)  # fmt: skip
_PASSAGE = "document start end text kind title headings page language place".split()


@dataclass(frozen=True, slots=True)
class Record:
    """`answer` is None where the route failed; `error` then says why.

    `fingerprint` changes with everything that the route's answers depend on: settings, models,
    index, adapter. `asked` is the hash of the question's words. `cold` marks the first answer of
    a process, whose time includes loading. `tokens` are those of the answer, 0 where not counted.
    """

    route: str
    question: str
    asked: str
    fingerprint: str
    answer: Answer | None
    seconds: float
    error: str = ""
    cold: bool = False
    tokens: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return (self.fingerprint, self.asked)

    def named(self, question: str, route: str) -> Record:
        """The same answer where the question or route goes by another name."""
        return replace(self, question=question, route=route)


def hash_of(question: Question) -> str:
    """Equal for equal words, whatever the id and the reference answers."""
    return hashlib.sha256(question.question.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def to_line(record: Record) -> bytes:
    """One line, its end included."""
    row = {name: getattr(record, name) for name in Record.__slots__ if name != "answer"}
    row["answer"] = None if record.answer is None else answer_row(record.answer)
    return json.dumps(row, ensure_ascii=True).encode() + b"\n"


def from_line(line: bytes) -> Record | None:
    """None where the line is none of `to_line`, such as one that was cut off by a kill."""
    try:
        row = json.loads(line)
        row["answer"] = None if row["answer"] is None else answer_of(row["answer"])
        return Record(**row)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def answer_row(answer: Answer) -> dict[str, object]:
    return {
        "text": answer.text,
        "route": answer.route,
        "abstained": answer.abstained,
        "unsupported": list(answer.unsupported),
        "notes": list(answer.notes),
        "prompt": [{"role": one.role, "content": one.content} for one in answer.prompt],
        "timings": asdict(answer.timings),
        "computation": None if answer.computation is None else asdict(answer.computation),
        "citations": [{key: getattr(one, key) for key in _CITATION} for one in answer.citations],
        "hits": [
            {
                "score": one.score,
                "scores": dict(one.scores),
                "passage": {key: getattr(one.passage, key) for key in _PASSAGE},
            }
            for one in answer.hits
        ],
    }


def answer_of(row: dict[str, Any]) -> Answer:
    return Answer(
        text=row["text"],
        route=row["route"],
        abstained=row["abstained"],
        unsupported=tuple(row["unsupported"]),
        notes=tuple(row["notes"]),
        prompt=tuple(Message(**one) for one in row.get("prompt", ())),
        timings=Timings(**row["timings"]),
        computation=_computation(row.get("computation")),
        citations=tuple(Citation(**one) for one in row["citations"]),
        hits=tuple(_hit(one) for one in row["hits"]),
    )


def _computation(row: dict[str, Any] | None) -> Computation | None:
    if row is None:
        return None
    lists = {key: tuple(row[key]) for key in ("columns", "cells")}
    return Computation(**{**row, **lists, "rows": tuple(tuple(one) for one in row["rows"])})


def _hit(row: dict[str, Any]) -> Hit:
    passage = dict(row["passage"])
    passage["headings"] = tuple(passage["headings"])
    return Hit(Passage(**passage), row["score"], row["scores"])
