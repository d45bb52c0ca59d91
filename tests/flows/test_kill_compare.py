"""A comparison that is killed at random moments ends with the same table."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pakar import Expert, Scope

KILLS = 20
_RUN = """
import sys
from pakar import Expert, Scope
Expert.open(sys.argv[1]).compare(routes=["extract", "base"], scope=Scope(memory=False))
"""


def table(folder: Path) -> dict[str, object]:
    """The comparison as JSON, without times and energy, which differ from run to run."""
    done = Expert.open(folder).compare(routes=["extract", "base"], scope=Scope(memory=False))
    found = done.as_json()
    for name in ("finished", "seconds", "report"):
        found.pop(name)
    for route in done.as_json()["routes"]:  # type: ignore[attr-defined]
        assert route["answered"] == 60
    found["routes"] = [
        {key: value for key, value in route.items() if not key.endswith(("_s", "_wh"))}
        for route in found["routes"]  # type: ignore[attr-defined]
    ]
    for route in found["routes"]:
        route["metrics"] = {
            key: value
            for key, value in route["metrics"].items()
            if key not in ("seconds", "first_token")
        }
    found["pairs"] = [
        pair
        for pair in found["pairs"]  # type: ignore[attr-defined]
        if pair["metric"] not in ("seconds", "first_token")
    ]
    # By words: a reason may name seconds, which are measured anew.
    verdict = found["recommendation"]
    found["recommendation"] = {
        key: verdict[key]  # type: ignore[index]
        for key in ("route", "kind", "tied", "types", "reasons", "caveats")
    }
    return found


def bank(folder: Path, embedder: str, model: str) -> Path:
    expert = Expert.create(folder, embedder=embedder, language_model=model)
    documents = folder / "documents"
    documents.mkdir()
    lines = [f"Service number {i} costs {100 + 7 * i} rupees a year." for i in range(60)]
    for start in range(0, 60, 10):
        (documents / f"{start}.md").write_text(
            "# Fees\n\n" + "\n\n".join(lines[start : start + 10])
        )
    expert.add(documents)
    rows = [
        {"id": f"q{i}", "question": f"What does service number {i} cost?", "answer": lines[i]}
        for i in range(60)
    ]
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.mark.slow
def test_killed_twenty_times_the_table_is_the_same(testing_backend: str, tmp_path: Path) -> None:
    answers = tmp_path / "answers.txt"
    answers.write_text("Service number 7 costs 149 rupees a year.\n" * 100)
    model = f"testing:{answers}"
    whole = bank(tmp_path / "whole", testing_backend, model)
    killed = bank(tmp_path / "killed", testing_backend, model)
    source = random.Random(0)
    stopped = 0
    for _ in range(KILLS):
        child = subprocess.Popen([sys.executable, "-c", _RUN, str(killed)])
        time.sleep(source.uniform(0.8, 3.5))
        stopped += child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert stopped > KILLS // 2
    assert table(killed) == table(whole)
