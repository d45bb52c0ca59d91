"""Nothing is lost, doubled or torn when adding is killed at any moment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "kill_add.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds reading processes in /proc")
def test_after_any_kill_the_next_run_gives_the_undisturbed_index(tmp_path: Path) -> None:
    for number in range(12):
        lines = [f"The fee of card {number} is {number * line} rupees." for line in range(200)]
        (tmp_path / f"{number}.md").write_text("\n\n".join(lines), encoding="utf-8")
    command = [sys.executable, str(BENCHMARK), "--kills", "4", "--documents", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["faults"] == []
    assert result["killed_before_the_end"] == 4
    assert result["reading_processes_ended_by_it"] > 0
    assert all(scene["passages"] > 20 for scene in result["scenes"])
