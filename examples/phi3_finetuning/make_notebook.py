"""Makes finetune_phi3.ipynb out of finetune_phi3.py: runs its cells and keeps what they print.

    python make_notebook.py        in an empty folder; the notebook is written beside this file

A cell of the script begins with `# %%`, one of words with `# %% [markdown]`. Needs no Jupyter: a
notebook is JSON (nbformat 4.5).
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
SCRIPT = HERE / "finetune_phi3.py"
NOTEBOOK = HERE / "finetune_phi3.ipynb"


def cells(script: str) -> list[tuple[str, str]]:
    """The script's cells in order, each as its kind, "markdown" or "code", and its text."""
    found = []
    for part in script.split("# %%")[1:]:
        head, _, body = part.partition("\n")
        if "[markdown]" in head:
            lines = [line.removeprefix("#").removeprefix(" ") for line in body.strip().split("\n")]
            found.append(("markdown", "\n".join(lines)))
        else:
            found.append(("code", body.strip()))
    return found


def executed(parts: list[tuple[str, str]]) -> dict[str, object]:
    """The notebook, each code cell with what it printed, all run in one namespace."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    made = []
    for number, (kind, text) in enumerate(parts):
        cell: dict[str, object] = {
            "cell_type": kind,
            "id": f"cell-{number}",
            "metadata": {},
            "source": text.splitlines(keepends=True),
        }
        if kind == "code":
            print(f"cell {number + 1} of {len(parts)}", file=sys.stderr)
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(text, f"cell {number}", "exec"), namespace)
            cell["execution_count"] = sum(one["cell_type"] == "code" for one in made) + 1
            cell["outputs"] = _outputs(printed.getvalue())
        made.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _outputs(printed: str) -> list[dict[str, object]]:
    if not printed:
        return []
    text = printed.splitlines(keepends=True)
    return [{"name": "stdout", "output_type": "stream", "text": text}]


if __name__ == "__main__":
    notebook = executed(cells(SCRIPT.read_text(encoding="utf-8")))
    text = json.dumps(notebook, indent=1, ensure_ascii=False)
    NOTEBOOK.write_text(f"{text}\n", encoding="utf-8")
