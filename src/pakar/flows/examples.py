"""Training data step by step: build, import, check, review.

Puts documents, the user's files, cleaning and the held-out questions in sequence; holds no logic
of a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pakar.documents.decoding import decode, read_bytes
from pakar.errors import ExampleError
from pakar.evaluation.questions import load_questions
from pakar.flows.generation import Writer
from pakar.flows.index_in_force import retriever
from pakar.flows.indexed import documents, hashes
from pakar.flows.workplace import Workplace
from pakar.index.lock import writing
from pakar.training.card import Card, card, measure
from pakar.training.clean import Cleaned, Dropped, Exam, clean
from pakar.training.extract import extract
from pakar.training.folder import ExampleFolder, Stored
from pakar.training.identity import example_id
from pakar.training.importing import read_examples
from pakar.training.leaks import CALIBRATED, HeldOut
from pakar.types import Example, Failure, Message, State

EXTRACTED = "extracted.jsonl"
IMPORTED = "imported.jsonl"
GENERATED = "generated.jsonl"
MOST_MEGABYTES = 500
_ACCEPTED: State = "accepted"
_REJECTED: State = "rejected"
OnWait = Callable[[str], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ExampleReport:
    """What a build or an import did. `waiting` of the `added` ones want to be reviewed; `updated`
    were known and stand elsewhere in their documents now; `unchanged` were known. Of `asked` pairs
    that a model wrote, `rejected` counts those that did not pass the checks, by reason."""

    added: tuple[Example, ...] = ()
    waiting: tuple[Example, ...] = ()
    updated: int = 0
    unchanged: int = 0
    dropped: tuple[Dropped, ...] = ()
    failed: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    asked: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExampleDesk:
    """One expert's examples and what they are made from and compared with.

    The embedder is opened only where there are held-out questions.
    """

    place: Workplace

    @property
    def folder(self) -> ExampleFolder:
        return ExampleFolder(self.place.examples)

    def build(
        self, *, progress: Progress | None = None, on_wait: OnWait | None = None
    ) -> ExampleReport:
        """Adds the pairs that stand in the documents and are not known yet."""
        count = len(hashes(self.place))
        if not count:
            raise ExampleError(
                "there are no documents to make examples from", hint="Run: pakar add DOCUMENTS"
            )
        made: list[Example] = []
        for number, one in enumerate(documents(self.place), start=1):
            made += extract(one)
            if progress is not None:
                progress(number, count)
        with writing(self.place.derived, on_wait=on_wait):
            stored = self.folder.load()
            return replace(self._take_in(EXTRACTED, made, stored), failed=stored.failed)

    def generate(
        self,
        most: int,
        *,
        accept: bool = False,
        progress: Progress | None = None,
        on_wait: OnWait | None = None,
    ) -> ExampleReport:
        """Adds pairs that a model writes about at most so many passages; they wait for review."""
        writer = Writer(self.place.model, retriever(self.place))
        passages = (
            (passage, one.content_hash)
            for one in documents(self.place)
            for passage in self.place.split(one)
        )
        written = writer.write(passages, self.folder.load().examples, most, progress)
        state: State = "accepted" if accept else "waiting"
        made = [replace(one, state=state) for one in written.examples]
        with writing(self.place.derived, on_wait=on_wait):
            stored = self.folder.load()
            done = self._take_in(GENERATED, made, stored)
        return replace(done, failed=stored.failed, asked=written.asked, rejected=written.rejected)

    def bring_in(self, path: Path, *, on_wait: OnWait | None = None) -> ExampleReport:
        """Adds the examples of a file in one of the known forms."""
        if path.is_file() and path.stat().st_size > MOST_MEGABYTES * 10**6:
            raise ExampleError(
                f"{path.name}: has {path.stat().st_size / 1e6:,.0f} MB; the limit is "
                f"{MOST_MEGABYTES}",
                hint="Split the file.",
            )
        read = read_examples(decode(read_bytes(path), path.name), path.name)
        with writing(self.place.derived, on_wait=on_wait):
            done = self._take_in(IMPORTED, read.examples, self.folder.load())
        return replace(done, failed=read.failed)

    def check(self) -> Card:
        """The card of what would be learned now."""
        model = self.place.model
        stored = self.folder.load()
        exam, notes = self._exam()
        cleaned = clean(stored.accepted, exam)
        lengths = measure(
            cleaned.kept,
            lambda one: model.count_tokens(one.messages),
            model.info.context_tokens,
        )
        found = card(stored.examples, cleaned, hashes(self.place), lengths)
        return replace(found, failed=stored.failed, notes=notes)

    def accepted(self) -> Cleaned:
        """The accepted examples, cleaned: what may be learned."""
        return clean(self.folder.load().accepted, self._exam()[0])

    def review(
        self, accept: Sequence[str], reject: Sequence[str], *, on_wait: OnWait | None = None
    ) -> tuple[Dropped, ...]:
        """Accepts and rejects by id; who is in both is accepted.

        Gives those that were not accepted: they repeat an accepted example, or give away a
        held-out question. They wait on.
        """
        rejected, accepted = dict.fromkeys(reject, _REJECTED), dict.fromkeys(accept, _ACCEPTED)
        with writing(self.place.derived, on_wait=on_wait):
            stored = self.folder.load()
            new = [one for one in stored.examples if one.id in accepted and one.state != _ACCEPTED]
            refused = self._refused(new, stored)
            held = {one.example.id for one in refused}
            states = rejected | {key: _ACCEPTED for key in accepted if key not in held}
            self.folder.mark(states)
        return refused

    def edit(self, key: str, question: str, answer: str) -> Example:
        """Raises ExampleError where the new words repeat an example or a held-out question."""
        with writing(self.place.derived):
            stored = self.folder.load()
            for old in stored.examples:
                if old.id == key:
                    turns = (Message("user", question), Message("assistant", answer))
                    new = replace(old, id=example_id(turns), messages=turns)
                    others = Stored(tuple(one for one in stored.examples if one.id != key))
                    for one in self._refused([new], others):
                        raise ExampleError(
                            f"not accepted, as a {one.why}: {one.how}: {one.other:.120}",
                            hint="Edit it otherwise, or reject it.",
                        )
            return self.folder.edit(key, question=question, answer=answer)

    def _refused(self, new: Sequence[Example], stored: Stored) -> tuple[Dropped, ...]:
        """Those of the examples that must not be accepted beside what is accepted."""
        if not new:
            return ()
        ids = {one.id for one in new}
        known = [one for one in stored.accepted if one.id not in ids]
        return clean(new, self._exam()[0], known=known).dropped

    def _take_in(self, name: str, made: Sequence[Example], stored: Stored) -> ExampleReport:
        known = {one.id: one for one in stored.examples}
        new = [one for one in made if one.id not in known]
        moved = {
            one.id: one
            for one in made
            if one.sources and one.id in known and known[one.id].sources != one.sources
        }
        exam, notes = self._exam()
        cleaned = clean(new, exam, known=stored.examples)
        added = self.folder.add(name, _with_states(cleaned))
        if moved:
            self.folder.refresh(moved)
        return ExampleReport(
            added=tuple(added),
            waiting=tuple(one for one in added if one.state == "waiting"),
            updated=len(moved),
            unchanged=len(made) - len(new) - len(moved),
            dropped=cleaned.dropped,
            notes=notes,
        )

    def _exam(self) -> tuple[Exam, tuple[str, ...]]:
        path = self.place.questions
        if not path.is_file():
            note = f"there is no {path.name}, so leaks of held-out questions were not looked for"
            return Exam(), (note,)
        held_out = [HeldOut(one.question, one.answers) for one in load_questions(path)]
        embedder = self.place.embedder
        known = CALIBRATED.get(embedder.info.spec)
        if known is None:
            note = f"questions in other words were not looked for: {embedder.info.spec} has no "
            return Exam(held_out), (f"{note}calibrated thresholds",)
        return Exam(held_out, lambda texts: embedder.embed(texts, "query"), known), ()


def _with_states(cleaned: Cleaned) -> Iterable[Example]:
    for one in cleaned.kept:
        has_personal = one.id in cleaned.personal
        yield replace(one, state="waiting") if has_personal else one
