"""One example as one line of JSON, and back, read strictly.

    {"id": "...", "messages": [{"role": "user", "content": "..."},
                               {"role": "assistant", "content": "..."}],
     "sources": [{"document": "...", "content_hash": "...", "start": 0, "end": 0}],
     "origin": "curated", "state": "accepted", "language": "en", "form": "plain", "fact": "..."}

Only `messages` is needed. "documents": ["..."] stands for sources of which only the document is
known. Knows nothing of files and of other forms of training data.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TypeVar, get_args

from pakar.errors import ExampleError
from pakar.language.detect import detect
from pakar.training.identity import answer_fact, example_id
from pakar.types import Example, Form, Message, Origin, Source, State

# One line: a training example is a few thousand characters; more is a mistake or an attack.
MOST_CHARACTERS = 1_000_000
_FORM = 'Each line has the form {"messages": [{"role": "user", "content": "..."}, ...]}.'
T = TypeVar("T")
_ROLES = ("system", "user", "assistant")


def parse_json(line: str) -> object:
    """What a line holds. Raises ExampleError where it is no JSON or far too long."""
    if len(line) > MOST_CHARACTERS:
        raise ExampleError(
            f"has {len(line):,} characters; the limit is {MOST_CHARACTERS:,}", hint=_FORM
        )
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ExampleError(f"not valid JSON: {error!s:.120}", hint=_FORM) from error


def parse_row(line: str) -> Example:
    """The example of one line. Raises ExampleError that says what is wrong with it."""
    row = parse_json(line)
    if not isinstance(row, dict):
        raise ExampleError("not a JSON object", hint=_FORM)
    form: Form = _one_of(row, "form", get_args(Form), "plain")
    origin: Origin = _one_of(row, "origin", get_args(Origin), "curated")
    state: State = _one_of(row, "state", get_args(State), "accepted")
    messages = conversation(row.get("messages"), form=form)
    return Example(
        id=_text(row, "id") or example_id(messages),
        messages=messages,
        origin=origin,
        sources=_sources(row),
        form=form,
        fact=_text(row, "fact") or answer_fact(messages[-1].content),
        language=_text(row, "language") or detect("\n".join(turn.content for turn in messages)),
        state=state,
    )


def conversation(value: object, *, form: Form = "plain") -> tuple[Message, ...]:
    """Checked messages. Raises ExampleError for what cannot be learned from."""
    if not isinstance(value, list) or not value:
        raise ExampleError("messages is not a list of turns", hint=_FORM)
    turns = tuple(_turn(one) for one in value)
    if turns[-1].role != "assistant":
        raise ExampleError(
            f"the last turn is the {turns[-1].role}'s, so there is no answer to learn", hint=_FORM
        )
    spoken = [turn.role for turn in turns if turn.role != "system"]
    if form != "text" and "user" not in spoken:
        raise ExampleError("no turn asks anything", hint='Add a turn with the role "user".')
    if any(turn.role == "system" for turn in turns[1:]):
        raise ExampleError("a system turn stands behind others", hint="Put it first.")
    if any(one == other for one, other in pairwise(spoken)):
        raise ExampleError("two turns of the same role follow each other", hint="Join them.")
    return turns


def to_row(example: Example) -> dict[str, object]:
    """The JSON object of an example; what has its default is left out."""
    row: dict[str, object] = {
        "id": example.id,
        "messages": [{"role": turn.role, "content": turn.content} for turn in example.messages],
        "sources": [_source_row(source) for source in example.sources],
        "origin": example.origin,
        "state": example.state,
        "language": example.language,
        "fact": example.fact,
    }
    if example.form != "plain":
        row["form"] = example.form
    return row


def to_line(row: dict[str, object]) -> str:
    """One line without its end; what UTF-8 cannot hold is written as JSON's escape."""
    text = json.dumps(row, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(row, ensure_ascii=True)
    return text


def _turn(value: object) -> Message:
    if not isinstance(value, dict):
        raise ExampleError(f"a turn is {value!r:.40}, not an object", hint=_FORM)
    role, content = value.get("role"), value.get("content")
    if role not in _ROLES:
        raise ExampleError(f"unknown role {role!r:.40}", hint=f"Known: {', '.join(_ROLES)}.")
    if not isinstance(content, str):
        raise ExampleError(f"the {role}'s content is {content!r:.40}, not a text", hint=_FORM)
    return Message(role, checked_text(content, f"the {role}'s turn"))


def checked_text(text: str, what: str) -> str:
    """The text, trimmed. Raises ExampleError where nothing can be learned from it."""
    if not text.strip():
        raise ExampleError(f"{what} is empty", hint="Fill it, or delete the line.")
    if "\x00" in text:
        raise ExampleError(f"{what} holds a NUL character", hint="Save it as text.")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ExampleError(f"{what} holds half a character", hint="Save it as UTF-8.")
    return text.strip()


def _one_of(row: dict[str, object], key: str, known: tuple[T, ...], default: T) -> T:
    value = row.get(key, default)
    for one in known:
        if one == value:
            return one
    raise ExampleError(f"{key} is {value!r:.40}", hint=f"Known: {', '.join(map(str, known))}.")


def _text(row: dict[str, object], key: str) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise ExampleError(f"{key} is {value!r:.40}, not a text", hint=_FORM)
    return value


def _sources(row: dict[str, object]) -> tuple[Source, ...]:
    listed = row.get("sources", [])
    if not isinstance(listed, list):
        raise ExampleError("sources is not a list", hint=_FORM)
    found = [_source(one) for one in listed]
    names = row.get("documents", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ExampleError("documents is not a list of names", hint=_FORM)
    known = {source.document for source in found}
    return (*found, *(Source(name) for name in names if name not in known))


def _source(value: object) -> Source:
    if not isinstance(value, dict) or not isinstance(value.get("document"), str):
        raise ExampleError(f"a source is {value!r:.60}, without a document", hint=_FORM)
    start, end, digest = value.get("start", 0), value.get("end", 0), value.get("content_hash", "")
    if type(start) is not int or type(end) is not int or not 0 <= start <= end:
        raise ExampleError(f"a source spans {start!r:.20} to {end!r:.20}", hint=_FORM)
    if not isinstance(digest, str):
        raise ExampleError(f"content_hash is {digest!r:.40}, not a text", hint=_FORM)
    return Source(value["document"], digest, start, end)


def _source_row(source: Source) -> dict[str, object]:
    row: dict[str, object] = {"document": source.document}
    if source.content_hash:
        row["content_hash"] = source.content_hash
    if source.end:
        row |= {"start": source.start, "end": source.end}
    return row
