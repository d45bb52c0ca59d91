"""Collects what happened to each document of a run, for the report."""

from __future__ import annotations

from dataclasses import dataclass, field

from pakar.errors import SourceError
from pakar.types import AddReport, Document, Failure

_OLD_TEXT_REMOVED = "Its earlier text was removed from the index, as the file is another one now."
_OLD_TEXT_KEPT = "Its earlier text stays in the index."


@dataclass(slots=True)
class Outcome:
    """A report in the making; every document ends up in exactly one of the lists of names."""

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    skipped: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    passages: int = 0

    def indexed(self, document: Document, *, was_known: bool) -> None:
        (self.updated if was_known else self.added).append(document.name)
        self.warnings += [f"{document.name}: {warning}" for warning in document.warnings]

    def not_opened(self, name: str, error: OSError, *, is_kept: bool) -> None:
        """The file may be as it was: what was indexed of it stays."""
        hint = "Check that the file exists, that you may read it and that nothing locks it."
        if is_kept:
            hint = f"{hint} {_OLD_TEXT_KEPT}"
        self.failed.append(Failure(name, f"cannot be opened: {error.strerror or error}", hint))

    def not_reached(self, name: str, error: SourceError, *, is_kept: bool) -> None:
        """The same, where the reader has said it in its own words."""
        hint = f"{error.hint} {_OLD_TEXT_KEPT}".strip() if is_kept else error.hint
        self.failed.append(Failure(name, str(error), hint))

    def not_read(self, name: str, error: SourceError, *, was_known: bool) -> None:
        """The file has changed and cannot be read: its old text must not be served."""
        hint = f"{error.hint} {_OLD_TEXT_REMOVED}".strip() if was_known else error.hint
        self.failed.append(Failure(name, str(error), hint))

    def report(self, seconds: float) -> AddReport:
        return AddReport(
            added=tuple(self.added),
            updated=tuple(self.updated),
            unchanged=tuple(self.unchanged),
            removed=tuple(self.removed),
            failed=tuple(self.failed),
            skipped=tuple(self.skipped),
            warnings=tuple(self.warnings),
            passages=self.passages,
            seconds=seconds,
        )
