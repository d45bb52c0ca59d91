"""What the documentation says of commands, settings and JSON is complete and true."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from markdown_blocks import PAGES, README, README_ID, ROOT, blocks, headings, sections
from typer.testing import CliRunner

from pakar import Adapter
from pakar.cli import as_json
from pakar.cli.main import app
from pakar.config import Config

COMMANDS = ROOT / "docs" / "commands.md"
SETTINGS = ROOT / "docs" / "settings.md"
_LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]*))?\)")
_OPTION = re.compile(r"`(--?[a-z][a-z-]*)`")
_ROW = re.compile(r"^\| `(\w+)` \| `([^`]*)` \|", re.MULTILINE)
# Their keys are names of scores and of languages, not words of the contract.
_OPEN = frozenset({"scores", "languages", "states", "origins", "forms", "covered", "rejected"}) | {
    "metrics",
    "types",
    "not_run",
}


def test_the_indonesian_readme_has_the_same_sections_and_code() -> None:
    levels = [level for level, _ in headings(README)]
    assert [level for level, _ in headings(README_ID)] == levels
    code = [(block.info, block.code) for block in blocks(README)]
    assert [(block.info, block.code) for block in blocks(README_ID)] == code


@pytest.mark.parametrize(
    "page",
    [*PAGES, *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"))],
    ids=lambda page: page.name,
)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in {_slug(words) for _, words in headings(file)}, f"{target}#{anchor}"


def test_every_command_and_option_is_described() -> None:
    described = {name: set(_OPTION.findall(text)) for name, text in sections(COMMANDS, 2).items()}
    group = typer.main.get_command(app)
    expected = {name: _options(command) for name, command in _commands(group, "pakar").items()}
    for name, options in expected.items():
        in_table = {option for option in described[name] if option in options}
        assert in_table == options, name
    known = set(expected)
    assert {name for name in described if name.startswith("pakar ")} == known
    introduction = COMMANDS.read_text(encoding="utf-8").split("\n## ")[0]
    assert _options(group) <= set(_OPTION.findall(introduction))


def test_no_option_is_described_that_does_not_exist() -> None:
    for name, command in _commands(typer.main.get_command(app), "pakar").items():
        table = re.findall(r"^\| (.+?) \|", sections(COMMANDS, 2)[name], re.MULTILINE)
        rows = {option for cell in table for option in _OPTION.findall(cell)}
        assert rows == _options(command), name


def test_every_setting_is_described_with_its_default() -> None:
    described = {
        name: dict(_ROW.findall(text))
        for name, text in sections(SETTINGS, 2).items()
        if name.startswith("[")
    }
    expected = {
        f"[{section}]": {
            key: json.dumps(value) for key, value in getattr(Config(), section).model_dump().items()
        }
        for section in Config.model_fields
    }
    assert described == expected


@pytest.fixture
def expert(testing_backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    documents = tmp_path / "bank" / "documents"
    documents.mkdir(parents=True)
    (documents / "fees.md").write_text("# Fees\n\nA cheque book costs 50 rupees.\n")
    (documents / "empty.txt").touch()
    (tmp_path / "pairs.csv").write_text(
        "question,answer\nWhat is a cheque?,A paper.\nWhat is a cheque?,A paper.\n"
        "Who is Budi?,Call 0812-3456-7890.\nWhy?,\n"
    )
    (documents / "ring.mp3").write_bytes(b"ID3")
    (tmp_path / "ask.csv").write_text("id,question\n1,A cheque?\n2,A cheque?\n3,\n")
    return tmp_path / "bank"


def test_the_json_has_the_documented_keys(expert: Path, testing_backend: str) -> None:
    at = ["--expert", str(expert), "--json"]
    printed = {
        "new": _printed(["new", str(expert), "--embedder", testing_backend, "--json"], 0),
        "add": _printed(["add", str(expert / "documents"), *at], 3),
        "status": _printed(["status", *at], 0),
        "search": _printed(["search", "fee for a cheque book", *at], 0),
        "ask": _printed(["ask", "What does a cheque book cost?", "--route", "extract", *at], 0),
        "feedback": _printed(["feedback", "last", "--good", *at], 0),
        "batch": _printed(["batch", "ask.csv", "--out", "a.csv", "--route", "extract", *at], 3),
        "plan": _printed(["plan", "--parameters", "3.8B", "--gpu", "T4", *at], 0),
        "examples import": _printed(["examples", "import", "pairs.csv", *at], 3),
        "examples build": _printed(["examples", "build", *at], 0),
        "examples check": _printed(["examples", "check", *at], 0),
        "examples review": _printed(["examples", "review", *at], 0),
        "doctor": _printed(["doctor", *at], 0),
    }
    shown = _documented("pakar examples import")
    assert set(printed.pop("examples build")) == set(shown)
    questions = expert / "table.csv"
    questions.write_text("question,answer\nWhat does a cheque book cost?,50 rupees\n,none\n")
    printed["questions import"] = _printed(["questions", "import", str(questions), *at], 3)
    printed["questions check"] = _printed(["questions", "check", *at], 0)
    printed["compare"] = _printed(["compare", "--routes", "extract", *at], 0)
    (expert / "documents" / "fees.md").write_text("# Fees\n\nA cheque book costs 60 rupees.\n")
    _printed(["add", *at], 3)
    printed["history"] = _printed(["history", *at], 0)
    printed["diff"] = _printed(["diff", "1", *at], 0)
    printed["advise"] = _printed(["advise", *at], 0)
    for name, document in printed.items():
        assert _keys(_documented(f"pakar {name}")) == _keys(document), name
    again = _printed(["new", str(expert), "--json"], 1)
    assert _keys(_documented("Exit codes")) == _keys(again)
    shown = _documented("pakar add")
    for name, source, code in (
        ("rollback", ["1"], 0),
        ("remove", ["documents/fees.md"], 0),
        ("reindex", [], 3),
    ):
        document = _printed([name, *source, *at], code)
        assert set(document) == set(shown), name


def test_the_json_of_a_training_has_the_documented_keys() -> None:
    made = Adapter("lora-1", "lora", "path:x", "f", "2026", 1, documents=("a",), stale=("b",))
    assert set(_documented("pakar train")) == set(as_json.adapter(made))


def _commands(group: object, name: str) -> dict[str, object]:
    """Every command by its full name; those of a group stand for the group."""
    found: dict[str, object] = {}
    for inner, command in group.commands.items():  # type: ignore[attr-defined]
        full = f"{name} {inner}"
        found |= _commands(command, full) if hasattr(command, "commands") else {full: command}
    return found


def _options(command: object) -> set[str]:
    found = set()
    for parameter in command.params:  # type: ignore[attr-defined]
        if getattr(parameter, "opts", None) and parameter.param_type_name == "option":
            found.add(max(parameter.opts, key=len))
    return found - {"--help"}


def _documented(section: str) -> dict[str, object]:
    found = re.search(r"```json\n(.*?)```", sections(COMMANDS, 2)[section], re.DOTALL)
    assert found is not None, section
    document = json.loads(found.group(1))
    assert isinstance(document, dict)
    return document


def _printed(arguments: list[str], code: int) -> dict[str, object]:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, result.output
    document = json.loads(result.stdout)
    assert isinstance(document, dict)
    return document


def _keys(value: object) -> set[str]:
    return set(_paths(value, ""))


def _paths(value: object, path: str) -> Iterator[str]:
    """Each key with those above it; of a list, those of its first entry."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}.{key}"
            if key not in _OPEN:
                yield from _paths(inner, f"{path}.{key}")
    elif isinstance(value, list) and value:
        yield from _paths(value[0], f"{path}[]")


def _slug(words: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
