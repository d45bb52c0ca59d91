"""Nothing is lost, doubled or torn when adding is killed at any moment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "kill_add.py"


@pytest.mark.slow
def test_after_any_kill_the_next_run_gives_the_undisturbed_index() -> None:
    command = [sys.executable, str(BENCHMARK), "--kills", "10"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["faults"] == []
    assert result["killed_before_the_end"] >= 3
    assert result["passages"] > 100
