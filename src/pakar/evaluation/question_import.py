"""Questions from a table or a file of JSON lines, as lines of `questions.jsonl`.

A row that is no question is named with its line and reason, and the others come in. Knows the two
forms of file, nothing of experts.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pakar.atomic_file import write_atomically
from pakar.errors import ConfigError
from pakar.evaluation.questions import Question, load_questions, read_text, to_row
from pakar.language.near_questions import plain

# Names that columns have elsewhere, in order of preference.
_COLUMNS = {
    "id": ("id", "question_id", "qid"),
    "question": ("question", "prompt", "query", "input", "pertanyaan"),
    "answer": ("answer", "answers", "reference", "expected", "ground_truth", "response", "output",
               "jawaban"),
    "must_contain": ("must_contain", "required", "keywords", "facts"),
    "documents": ("documents", "document", "source", "sources", "file"),
    "answerable": ("answerable",),
    "type": ("type", "category", "kind"),
    "drafted": ("drafted",),
}  # fmt: skip
_YES = frozenset({"true", "yes", "1", "ya", "y"})
_NO = frozenset({"false", "no", "0", "tidak", "n"})
_FEW = 5_000_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that did not come in: its line and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What came in, how many were there already, and what was refused."""

    added: tuple[Question, ...]
    known: int
    refused: tuple[Refused, ...] = ()


def import_questions(source: Path, target: Path) -> Imported:
    """Adds the questions of `source` (.csv, .tsv, .jsonl) that `target` does not have.

    What `target` holds stays as it is. Raises ConfigError where a file cannot be read at all.
    """
    found: list[Question] = []
    refused: list[Refused] = []
    for line, row in _rows(source):
        made = row if isinstance(row, str) else _question(row)
        if isinstance(made, str):
            refused.append(Refused(line, made))
        else:
            found.append(made)
    return replace(add_questions(found, target), refused=tuple(refused))


def add_questions(questions: Iterable[Question], target: Path) -> Imported:
    """Adds the questions that `target` does not have, each with an id of its own."""
    there = load_questions(target) if target.exists() else []
    texts = {plain(one.question) for one in there}
    ids = {one.id for one in there}
    added: list[Question] = []
    known = 0
    for one in questions:
        if plain(one.question) in texts:
            known += 1
            continue
        kept = _with_id(one, ids)
        texts.add(plain(kept.question))
        ids.add(kept.id)
        added.append(kept)
    if added:
        _append(target, added)
    return Imported(tuple(added), known)


def _append(target: Path, added: Iterable[Question]) -> None:
    before = target.read_bytes() if target.exists() else b""
    if before and not before.endswith(b"\n"):
        before += b"\n"
    lines = [json.dumps(to_row(one), ensure_ascii=False) + "\n" for one in added]
    write_atomically(target, before + "".join(lines).encode("utf-8", "backslashreplace"))


def _rows(source: Path) -> Iterator[tuple[int, Mapping[str, object] | str]]:
    text = read_text(source)
    kind = source.suffix.lower()
    if kind in (".jsonl", ".ndjson"):
        return _json_rows(text)
    if kind in (".csv", ".tsv"):
        return _table_rows(text, source)
    raise ConfigError(
        f"{source}: questions do not come from {kind or 'a file without an ending'}",
        hint="Save them as .csv (with a heading: question, answer) or .jsonl.",
    )


def _json_rows(text: str) -> Iterator[tuple[int, Mapping[str, object] | str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            yield number, "not valid JSON"
            continue
        yield number, row if isinstance(row, dict) else "not a JSON object"


def _table_rows(text: str, source: Path) -> Iterator[tuple[int, Mapping[str, object] | str]]:
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    csv.field_size_limit(_FEW)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if not set(names) & set(_COLUMNS["question"]):
            raise ConfigError(
                f"{source}: no column is called question (found: {', '.join(names) or 'none'})",
                hint="Give the columns a heading: question, answer, type, documents.",
            )
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, dict(zip(names, cells, strict=False))
    except csv.Error as error:
        raise ConfigError(
            f"{source}, line {reader.line_num}: {error}", hint="Save the table again as CSV."
        ) from error


def _question(row: Mapping[str, object]) -> Question | str:
    """The question of a row, or why it is none."""
    lower = {str(key).lower(): value for key, value in row.items()}
    found = {
        key: next((lower[name] for name in names if lower.get(name) not in (None, "")), None)
        for key, names in _COLUMNS.items()
    }
    asked = found["question"]
    if not isinstance(asked, str) or not asked.strip():
        return "has no question"
    flags = {key: _flag(found[key]) for key in ("answerable", "drafted")}
    odd = [key for key, value in flags.items() if value is None and found[key] is not None]
    if odd:
        return f"{odd[0]} is {found[odd[0]]!r}, not yes or no"
    return Question(
        id=str(found["id"] or "").strip(),
        question=asked.strip(),
        answers=_texts(found["answer"], split=False),
        must_contain=_texts(found["must_contain"], split=True),
        documents=_texts(found["documents"], split=True),
        answerable=flags["answerable"] is not False,
        type=str(found["type"] or "").strip(),
        drafted=flags["drafted"] is True,
    )


def _texts(value: object, *, split: bool) -> tuple[str, ...]:
    """Texts of a cell; several are parted by `|` where a cell can hold several."""
    listed = value if isinstance(value, list) else [] if value is None else [value]
    texts = [str(one) for one in listed]
    parted = [part for text in texts for part in (text.split("|") if split else [text])]
    return tuple(part.strip() for part in parted if part.strip())


def _flag(value: object) -> bool | None:
    said = str(value).strip().lower()
    return True if said in _YES else False if said in _NO else None


def _with_id(question: Question, taken: set[str]) -> Question:
    if question.id and question.id not in taken:
        return question
    digest = hashlib.sha256(plain(question.question).encode("utf-8", "surrogatepass")).hexdigest()
    length = 8
    while (made := f"q-{digest[:length]}") in taken:
        length += 4
    return replace(question, id=made)
