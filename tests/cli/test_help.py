"""Help comes at once and says what there is."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from pakar.cli.main import app
from pakar.version import __version__

COMMANDS = ["demo", "new", "add", "remove", "reindex", "status", "search", "ask", "doctor"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(command: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "120", "TERM": "dumb"})
    assert done.exit_code == 0
    assert "--json" in done.output


def test_help_lists_the_commands() -> None:
    done = CliRunner().invoke(app, ["--help"])
    assert done.exit_code == 0
    assert all(f" {command} " in done.output for command in COMMANDS)


def test_version() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"pakar {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["status"]])
def test_no_model_library_is_loaded_for_it(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['pakar', *{arguments!r}]\n"
        "from pakar.cli.main import run\n"
        "try:\n    run()\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'torch', 'transformers', 'lancedb', 'pyarrow', 'numpy', 'docx'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stderr.strip().splitlines()[-1]
    if "--help" in arguments:
        assert loaded == "[]"
    else:
        assert "torch" not in loaded


@pytest.mark.parametrize(
    "arguments",
    [
        ["serch"],
        ["search"],
        ["add", "--bogus"],
        ["search", "x", "-k", "0"],
        ["ask", "--json"],
        ["new"],
    ],
)
def test_wrong_usage_exits_with_2_and_prints_no_result(arguments: list[str], tmp_path) -> None:
    if arguments[0] == "ask":
        from pakar import Expert

        arguments = [*arguments, "--expert", str(Expert.create(tmp_path).folder)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
