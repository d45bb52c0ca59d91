"""A conversation in the terminal: each question may lean on what was said before."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.text import Text

from pakar.cli.terminal import plain, show_error, show_sources
from pakar.errors import PakarError
from pakar.flows.auto import AnyRoute
from pakar.types import Answer, Message

_ENDINGS = ("exit", "quit", "keluar")


Keep = Callable[[str, Answer], str]


def chat(route: AnyRoute, console: Console, keep: Keep) -> None:
    """Reads questions until an empty line, the end of the input, or "exit".

    A question that fails gets its error, and the conversation goes on. Each answer is given to
    `keep`.
    """
    console.print("Ask about the documents. An empty line ends the conversation.")
    history: list[Message] = []
    while question := _question(console):
        try:
            answer = ask(route, console, question, history=history)
        except PakarError as problem:
            console.print()
            show_error(console, problem)
            continue
        keep(question, answer)
        history += [Message("user", question), Message("assistant", answer.text)]


def ask(route: AnyRoute, console: Console, question: str, *, history: list[Message]) -> Answer:
    """Streams one answer to the console, its sources after it."""
    stream = route.stream(question, history)
    for piece in stream:
        console.print(Text(plain(piece)), end="", soft_wrap=True)
    console.print()
    show_sources(console, stream.answer)
    return stream.answer


def _question(console: Console) -> str:
    try:
        line = console.input("\n[bold]?[/bold] ").strip()
    except (EOFError, KeyboardInterrupt):
        return ""
    return "" if line.casefold() in _ENDINGS else line
