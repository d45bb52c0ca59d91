"""Training data of others as examples: what each known form of file holds, row by row.

    .jsonl  one object a line: messages; conversations (ShareGPT); prompt and completion;
            instruction, input and output (Alpaca); question and answer
    .json   a list of such objects
    .csv    a row a pair, with the columns question and answer

Every wrong row is named with its line (or its place in the list) and does not stop the rest.
Knows text, not files: how bytes become text is for the caller to know.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass

from pakar.errors import ExampleError
from pakar.language.detect import detect
from pakar.training.identity import answer_fact, example_id
from pakar.training.rows import MOST_CHARACTERS, conversation, parse_json
from pakar.types import Example, Failure

MOST_ROWS = 1_000_000
_FORMS = "messages, conversations, prompt/completion, instruction/output or question/answer"
_FROM = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant",
         "chatgpt": "assistant", "model": "assistant", "system": "system"}  # fmt: skip
# Pairs of keys for question and answer; Alpaca's `input` goes below its instruction.
_PAIRS = (
    ("prompt", "completion"), ("prompt", "response"), ("instruction", "output"),
    ("question", "answer"), ("pertanyaan", "jawaban"),
)  # fmt: skip
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Read:
    """What could be read of a file, and each row that could not."""

    examples: tuple[Example, ...] = ()
    failed: tuple[Failure, ...] = ()


def read_examples(text: str, name: str) -> Read:
    """All rows of a file; its form is told by its content. `name` is for the messages.

    Raises ExampleError where nothing of it can be read as any known form.
    """
    beginning = text.lstrip("\ufeff \t\r\n")[:1]
    if not beginning:
        raise ExampleError(f"{name}: is empty", hint=f"Known: {_FORMS}.")
    if beginning == "{":
        rows = _json_lines(text)
    elif beginning == "[":
        rows = _json_list(text, name)
    else:
        rows = _csv_rows(text, name)
    examples: list[Example] = []
    failed: list[Failure] = []
    for number, (where, row) in enumerate(rows):
        if number >= MOST_ROWS:
            failed.append(Failure(name, f"has more than {MOST_ROWS:,} rows", "Split the file."))
            break
        try:
            if isinstance(row, ExampleError):
                raise row
            examples.append(_example(row))
        except ExampleError as error:
            failed.append(Failure(f"{name}, {where}", str(error), error.hint))
    return Read(tuple(examples), tuple(failed))


Row = tuple[str, "object | ExampleError"]


def _json_lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip("\ufeff \t\r"):
            try:
                yield f"line {number}", parse_json(line.strip("\ufeff \t\r"))
            except ExampleError as error:
                yield f"line {number}", error


def _json_list(text: str, name: str) -> Iterator[Row]:
    try:
        rows = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise ExampleError(
            f"{name}: not valid JSON: {error!s:.120}", hint=f"Known: {_FORMS}."
        ) from error
    for number, row in enumerate(rows, start=1):
        yield f"row {number}", row


def _csv_rows(text: str, name: str) -> Iterator[Row]:
    text = text.lstrip("\ufeff")
    head = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=head.count)
    csv.field_size_limit(MOST_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns = [column.strip().casefold() for column in next(reader)]
    pair = next((keys for keys in _PAIRS if set(keys) <= set(columns)), None)
    if pair is None:
        raise ExampleError(
            f"{name}: no columns question and answer in its first line: {head.strip()!r:.80}",
            hint="Write the names of the columns into the first line: question,answer",
        )
    while True:
        before = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield (
                f"line {before}",
                ExampleError(f"not valid CSV: {error}", hint="Correct the line."),
            )
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            problem = f"has {len(cells)} cells; the first line names {len(columns)} columns"
            yield f"line {before}", ExampleError(problem, hint="Put quotation marks around cells.")
            continue
        yield f"line {before}", dict(zip(columns, cells, strict=True))


def _example(row: object) -> Example:
    messages = conversation(_turns(row))
    return Example(
        id=example_id(messages),
        messages=messages,
        origin="imported",
        fact=answer_fact(messages[-1].content),
        language=detect("\n".join(turn.content for turn in messages)),
    )


def _turns(row: object) -> object:
    if not isinstance(row, dict):
        raise ExampleError(f"is {row!r:.40}, not an object", hint=f"Known: {_FORMS}.")
    if "messages" in row:
        return row["messages"]
    if "conversations" in row:
        return _sharegpt(row["conversations"])
    for asked, answered in _PAIRS:
        if asked in row and answered in row:
            return _pair(row, asked, answered)
    raise ExampleError(
        f"has none of the known keys: {', '.join(map(repr, list(row)[:6])):.120}",
        hint=f"Known: {_FORMS}.",
    )


def _pair(row: dict[object, object], asked: str, answered: str) -> object:
    question, answer, more = row[asked], row[answered], row.get("input", "")
    for key, value in ((asked, question), (answered, answer)):
        if not isinstance(value, str):
            raise ExampleError(f"{key} is {value!r:.40}, not a text", hint="Put it in quotes.")
        if not value.strip():
            raise ExampleError(f"{key} is empty", hint="Fill it, or delete the row.")
    if asked == "instruction" and isinstance(more, str) and more.strip():
        question = f"{question}\n\n{more}"
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def _sharegpt(turns: object) -> object:
    if not isinstance(turns, list):
        raise ExampleError("conversations is not a list", hint=f"Known: {_FORMS}.")
    found = []
    for turn in turns:
        if not isinstance(turn, dict):
            raise ExampleError(f"a turn is {turn!r:.40}, not an object", hint=f"Known: {_FORMS}.")
        role = _FROM.get(str(turn.get("from")), turn.get("from"))
        found.append({"role": role, "content": turn.get("value")})
    return found
