"""The expert's examples as files that the user owns: `examples/*.jsonl`, one example a line.

Reads all of them, adds lines, and changes the state of single lines; every other line stays as
the user wrote it, letter for letter. A line that cannot be read is reported and left alone. Knows
nothing of what the examples say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pakar.atomic_file import write_atomically
from pakar.errors import ExampleError
from pakar.training.identity import example_id
from pakar.training.rows import parse_json, parse_row, to_line, to_row
from pakar.types import Example, Failure, Message, State

MOST_MEGABYTES = 1_000
_LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Stored:
    """All examples of a folder, in the order of files and lines, and the lines that are wrong."""

    examples: tuple[Example, ...] = ()
    failed: tuple[Failure, ...] = ()

    @property
    def accepted(self) -> tuple[Example, ...]:
        return tuple(one for one in self.examples if one.state == "accepted")

    @property
    def waiting(self) -> tuple[Example, ...]:
        return tuple(one for one in self.examples if one.state == "waiting")

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(one.id for one in self.examples)


class ExampleFolder:
    """Not safe for two writers at a time: the caller holds the expert's lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> Stored:
        """Everything that can be read. An id that stands twice counts once, the first time."""
        found: dict[str, Example] = {}
        failed: list[Failure] = []
        for path in self._files():
            for number, line in enumerate(_lines(path), start=1):
                if not line.strip():
                    continue
                try:
                    example = parse_row(line)
                except ExampleError as error:
                    where = f"{self._folder.name}/{path.name}, line {number}"
                    failed.append(Failure(where, str(error), error.hint))
                    continue
                found.setdefault(example.id, example)
        return Stored(tuple(found.values()), tuple(failed))

    def add(
        self,
        name: str,
        examples: Iterable[Example],
        *,
        notes: Mapping[str, Mapping[str, object]] | None = None,
    ) -> list[Example]:
        """Appends to the file `name` what no file holds yet, by id; gives what was added.

        What was rejected once is known, so it does not come back. `notes` says more about where
        an example comes from, by id; it stays in its line.
        """
        known = set(self.load().ids)
        new: list[Example] = []
        for example in examples:
            if example.id not in known:
                known.add(example.id)
                new.append(example)
        if new:
            path = self._folder / name
            before = "\n".join(_lines(path)).rstrip("\n") if path.is_file() else ""
            said = notes or {}
            rows = [
                {**to_row(one), **({"feedback": dict(said[one.id])} if one.id in said else {})}
                for one in new
            ]
            lines = [to_line(row) for row in rows]
            _write(path, [*([before] if before else []), *lines])
        return new

    def mark(self, states: Mapping[str, State]) -> None:
        """Sets the state of the examples with these ids. Raises ExampleError for an unknown id."""
        self._known(states)
        now = _now()

        def changed(row: dict[str, object], example: Example) -> list[dict[str, object]]:
            return [{**row, "id": example.id, "state": states[example.id], "decided": now}]

        self._rewrite(frozenset(states), changed)

    def accepted_since(self, moment: datetime) -> int:
        """How many examples were accepted in review after a moment."""
        return sum(_decided(line) > moment for path in self._files() for line in _lines(path))

    def edit(self, key: str, *, question: str, answer: str) -> Example:
        """Puts an accepted example in another's place, which stays as rejected.

        So the old one does not come back when examples are built again.
        """
        old = self._known([key])[0]
        turns = list(old.messages)
        asked = max(number for number, turn in enumerate(turns) if turn.role == "user")
        turns[asked] = Message("user", question.strip())
        turns[-1] = Message("assistant", answer.strip())
        new = replace(
            old, id=example_id(turns), messages=tuple(turns), origin="curated", state="accepted"
        )
        new = parse_row(to_line(to_row(new)))
        if new.id == old.id:
            self.mark({old.id: "accepted"})
            return replace(old, state="accepted")

        def changed(row: dict[str, object], example: Example) -> list[dict[str, object]]:
            rejected = {**row, "id": example.id, "state": "rejected", "decided": now}
            return [rejected, {**to_row(new), "decided": now}]

        now = _now()
        self._rewrite(frozenset([key]), changed)
        return new

    def refresh(self, examples: Mapping[str, Example]) -> None:
        """Notes where the examples with these ids stand now."""

        def changed(row: dict[str, object], example: Example) -> list[dict[str, object]]:
            return [{**row, "sources": to_row(examples[example.id])["sources"]}]

        self._rewrite(frozenset(examples), changed)

    def _known(self, ids: Iterable[str]) -> list[Example]:
        stored = {one.id: one for one in self.load().examples}
        missing = [key for key in ids if key not in stored]
        if missing:
            raise ExampleError(
                f"there is no example {missing[0]!r}", hint="See: pakar examples review --list"
            )
        return [stored[key] for key in ids]

    def _rewrite(
        self,
        ids: frozenset[str],
        change: Callable[[dict[str, object], Example], Sequence[dict[str, object]]],
    ) -> None:
        for path in self._files():
            lines = list(_lines(path))
            written: list[str] = []
            for line in lines:
                example = _readable(line)
                if example is None or example.id not in ids:
                    written.append(line)
                    continue
                row = parse_json(line)
                written += [to_line(new) for new in change(dict(_object(row)), example)]
            if written != lines:
                _write(path, written)

    def _files(self) -> list[Path]:
        found = sorted(self._folder.glob("*.jsonl")) if self._folder.is_dir() else []
        return [path for path in found if path.is_file()]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _decided(line: str) -> datetime:
    """When an accepted example was decided on; long ago for all others."""
    if '"decided"' in line and '"accepted"' in line:
        try:
            row = _object(parse_json(line))
            if row.get("state") == "accepted":
                return datetime.fromisoformat(str(row.get("decided"))).astimezone(UTC)
        except (ExampleError, ValueError, OverflowError):
            return _LONG_AGO
    return _LONG_AGO


def _object(row: object) -> dict[str, object]:
    return row if isinstance(row, dict) else {}


def _readable(line: str) -> Example | None:
    try:
        return parse_row(line) if line.strip() else None
    except ExampleError:
        return None


def _lines(path: Path) -> Iterator[str]:
    # Not str.splitlines: JSON allows the other line ends of Unicode inside a string.
    try:
        size = path.stat().st_size
        if size > MOST_MEGABYTES * 10**6:
            raise ExampleError(
                f"{path}: has {size / 1e6:,.0f} MB; the limit is {MOST_MEGABYTES:,}",
                hint="Split the file.",
            )
        text = path.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise ExampleError(
            f"{path}: cannot be read: {error.strerror or error}", hint="Check its permissions."
        ) from error
    yield from text.replace("\r\n", "\n").split("\n")


def _write(path: Path, lines: Sequence[str]) -> None:
    text = "\n".join(lines).rstrip("\n") + "\n"
    try:
        write_atomically(path, text.encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise ExampleError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="Check the permissions and the free space.",
        ) from error
