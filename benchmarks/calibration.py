"""What `pakar calibrate` changes, on questions that it has not seen.

    python benchmarks/calibration.py DATA [--embedder SPEC]

The example expert learns from its own training examples when to say that it does not know. Asked
are its held-out questions, and those of another company with its name exchanged, none of which it
can answer. Prints, for the decision that comes with pakar and for the learned one, how much is
refused of each kind, as JSON.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from learn_relevance import EXAMPLE, renamed
from pakar import Expert
from pakar.answering.relevance import JUDGED, Learned, features, shipped
from pakar.config import DEFAULT_EMBEDDER


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--embedder", default=DEFAULT_EMBEDDER)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        expert = bank(Path(folder) / "bank", options.embedder)
        started = time.monotonic()
        found = expert.calibrate()
        seconds = time.monotonic() - started
        kinds = asked(options.data)
        learned = {"shipped": shipped(options.embedder), "calibrated": found.learned}
        document = {
            "embedder": options.embedder,
            "learned_from": found.questions,
            "seconds": round(seconds, 1),
            "asked": {kind: len(questions) for kind, questions in kinds.items()},
            "refused": {
                name: {kind: refused(expert, some, one) for kind, some in kinds.items()}
                for name, one in learned.items()
            },
        }
    print(json.dumps(document, indent=2))


def bank(folder: Path, embedder: str) -> Expert:
    """The example, indexed with that embedder, with its examples and held-out questions."""
    Expert.create(folder, embedder=embedder)
    shutil.copytree(EXAMPLE / "documents", folder / "documents")
    shutil.copytree(EXAMPLE / "examples", folder / "examples", dirs_exist_ok=True)
    shutil.copy(EXAMPLE / "questions.jsonl", folder)
    expert = Expert.open(folder)
    expert.add(folder / "documents")
    return expert


def asked(data: Path) -> dict[str, list[str]]:
    own = rows(EXAMPLE / "questions.jsonl")
    other = rows(data / "enterprise" / "velvera_technologies" / "questions.jsonl")
    return {
        "answerable": [str(row["question"]) for row in own if row.get("answerable", True)],
        "unanswerable": [str(row["question"]) for row in own if not row.get("answerable", True)],
        "other_company": [renamed(str(row["question"])) for row in other],
    }


def rows(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def refused(expert: Expert, questions: Sequence[str], learned: Learned) -> float:
    count = 0
    for question in questions:
        signals = features(question, expert.search(question, JUDGED), language="en")
        count += learned.probability(signals) < learned.threshold
    return round(count / len(questions), 3)


if __name__ == "__main__":
    main()
