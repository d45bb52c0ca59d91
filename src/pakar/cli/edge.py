"""The edge of every command: one clear error instead of a stack trace, the right exit code, and
either one JSON document on standard output or text for a person.

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, but some sources could not be read;
130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import typer

from pakar.errors import PakarError

if TYPE_CHECKING:
    from rich.console import Console

    from pakar.expert import Expert
    from pakar.types import AddReport, Method

FAILED = 1
WRONG_USAGE = 2
SOME_FAILED = 3
INTERRUPTED = 130

_METHODS: dict[str, Method] = {"lora": "lora", "qlora": "qlora"}


class Edge:
    """Used as `with Edge(json) as edge:` around the body of a command."""

    def __init__(self, json: bool) -> None:
        self._json = json
        self._code = 0

    def __enter__(self) -> Edge:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if problem is None:
            if self._code:
                raise typer.Exit(self._code)
            return
        if isinstance(problem, (typer.Exit, typer.Abort, typer.BadParameter)) or os.environ.get(
            "PAKAR_DEBUG"
        ):
            return
        if isinstance(problem, BrokenPipeError):
            self._close_output()
        if isinstance(problem, KeyboardInterrupt):
            self._interrupted()
        if isinstance(problem, Exception):
            self._fail(_explained(problem))

    @property
    def console(self) -> Console:
        """For results: standard output; with --json, standard error."""
        from rich.console import Console

        return Console(stderr=self._json, highlight=False)

    @property
    def progress(self) -> Console:
        """For everything that is no result: standard error."""
        from rich.console import Console

        return Console(stderr=True, highlight=False)

    def open(self, folder: Path) -> Expert:
        from pakar.expert import Expert

        return Expert.open(folder)

    def say(self, line: str) -> None:
        """One line for the person, on standard error."""
        from pakar.cli.terminal import plain

        typer.echo(plain(line), err=True)

    @property
    def can_ask(self) -> bool:
        """Whether a person sits at the other end who can be asked something."""
        return not self._json and sys.stdin.isatty() and sys.stderr.isatty()

    def agrees(self, question: str) -> bool:
        """Asks the person; no is the answer of a bare Enter."""
        from pakar.cli.terminal import plain

        return typer.confirm(plain(question), default=False, err=True)

    def hint(self, line: str) -> None:
        if line:
            self.say(f"Hint: {line}")

    def document(self, document: dict[str, object]) -> None:
        """The result for scripts; shown with --json only."""
        if self._json:
            from pakar.cli import as_json

            as_json.write(document)

    def line(self, document: dict[str, object]) -> None:
        """One of several results for scripts, each on a line of its own; with --json only."""
        if self._json:
            from pakar.cli import as_json

            as_json.write(document, indent=None)

    def show(self, show: Callable[[Console], None]) -> None:
        """The result for people; shown without --json only."""
        if not self._json:
            show(self.console)

    def report(self, done: AddReport) -> None:
        """What an indexing command did; some failed sources make the exit code 3."""
        from pakar.cli import as_json
        from pakar.cli.terminal import show_report

        self.document(as_json.report(done))
        self.show(lambda console: show_report(console, done))
        if done.failed:
            self.some_failed()

    def some_failed(self) -> None:
        """Makes the exit code 3: done, but not all of it."""
        self._code = SOME_FAILED

    def required(self, question: str | None) -> str:
        """A question; --json needs one, as a conversation is no single document."""
        if question is None:
            raise typer.BadParameter("--json needs a QUESTION")
        return question

    def method(self, name: str | None) -> Method | None:
        """A method of training, or none named."""
        if name is None:
            return None
        if name not in _METHODS:
            raise typer.BadParameter(f"{name!r} is no method; known: {', '.join(_METHODS)}")
        return _METHODS[name]

    def _fail(self, problem: PakarError) -> None:
        from pakar.cli import as_json
        from pakar.cli.terminal import show_error

        self.document(as_json.error(problem))
        show_error(self.progress, problem)
        raise typer.Exit(FAILED)

    def _interrupted(self) -> None:
        from pakar.cli import as_json

        stopped = PakarError("interrupted", hint="What was done stays; run it again to go on.")
        self.document(as_json.error(stopped))
        self.say(f"Interrupted. {stopped.hint}")
        raise typer.Exit(INTERRUPTED)

    def _close_output(self) -> None:
        # The reader of a pipe is gone; nothing may be written when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(FAILED)


def _explained(problem: Exception) -> PakarError:
    if isinstance(problem, PakarError):
        return problem
    if isinstance(problem, OSError):
        where = f"{problem.filename}: " if problem.filename else ""
        return PakarError(
            f"{where}{problem.strerror or problem}", hint="Check the disk and rights."
        )
    return PakarError(
        f"unexpected {type(problem).__name__}: {problem}",
        hint="This is a fault of pakar. Run it again with PAKAR_DEBUG=1 and report what it says.",
    )
