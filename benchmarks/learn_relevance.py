"""Learns when the passages found cannot answer a question, and writes relevance.json.

    python benchmarks/learn_relevance.py DATA [--passages 300]

DATA holds enterprise/zx_bank, enterprise/velvera_technologies and idk_mrc (train.json). Only the
training questions of the example, the other company's questions with its name exchanged, and
idk_mrc train are used. A question is answerable where its document is in the index, and
unanswerable where it was left out of it.

Prints what was learned as JSON, with the shares of both kinds that are refused.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from pakar import Expert
from pakar.answering import relevance
from pakar.config import DEFAULT_EMBEDDER

TARGET = Path(relevance.__file__).with_name("relevance.json")
EXAMPLE = Path(__file__).parents[1] / "examples" / "zx_bank"
# Of the questions that can be answered, at most this share may be refused.
WRONGLY_REFUSED = 0.03
NAMES = {"velvera technologies": "ZX Bank", "velvera": "ZX Bank"}
FEATURES = {
    DEFAULT_EMBEDDER: (
        "cosine",
        "margin",
        "covered",
        "covered_3",
        "missing_names",
        "missing_words",
    ),
    relevance.WORDS_ONLY: ("covered", "covered_3", "missing_names", "missing_words"),
}

Case = tuple[dict[str, float], bool]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--passages", type=int, default=300)
    parser.add_argument("--save", type=Path, help="keep the features of every question")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cases = list(company(options.data, Path(folder) / "bank"))
        across = list(other_language(Path(folder) / "bank"))
        cases += wikipedia(options.data, Path(folder) / "wikipedia", options.passages)
    learned = {name: learn(cases, features) for name, features in FEATURES.items()}
    learned[DEFAULT_EMBEDDER + relevance.ACROSS_LANGUAGES] = learn(across, ("cosine", "margin"))
    document = {
        "origin": "benchmarks/learn_relevance.py on the example's training questions and "
        f"idk_mrc train ({len(cases)} questions); benchmarks/cross_language.jsonl ({len(across)})",
        "learned": learned,
    }
    TARGET.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(document, indent=2))
    if options.save:
        options.save.write_text(json.dumps(cases), encoding="utf-8")


def company(data: Path, folder: Path) -> Iterator[Case]:
    expert = Expert.create(folder)
    expert.add(EXAMPLE / "documents")
    for line in (EXAMPLE / "examples" / "curated.jsonl").read_text("utf-8").splitlines():
        yield signals(expert, json.loads(line)["messages"][0]["content"], "en"), True
    other = data / "enterprise" / "velvera_technologies" / "questions.jsonl"
    for line in other.read_text("utf-8").splitlines():
        yield signals(expert, renamed(json.loads(line)["question"]), "en"), False


def other_language(folder: Path) -> Iterator[Case]:
    """Indonesian questions, written for this, on the English documents of the example."""
    expert = Expert.open(folder)
    for line in Path(__file__).with_name("cross_language.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield signals(expert, row["question"], "id"), row["answerable"]


def renamed(question: str) -> str:
    for name, new in NAMES.items():
        at = question.lower().find(name)
        if at >= 0:
            question = question[:at] + new + question[at + len(name) :]
    return question


def wikipedia(data: Path, folder: Path, count: int) -> Iterator[Case]:
    rows = json.loads((data / "idk_mrc" / "train.json").read_text("utf-8"))
    chosen = random.Random(0).sample(rows, 2 * count)
    inside, outside = chosen[:count], chosen[count:]
    sources = folder / "texts"
    expert = Expert.create(folder)
    sources.mkdir()
    for number, row in enumerate(inside):
        (sources / f"{number}.txt").write_text(row["context"], encoding="utf-8")
    expert.add(sources)
    for row, known in [*((row, True) for row in inside), *((row, False) for row in outside)]:
        asked = [qa["question"] for qa in row["qas"] if not qa["is_impossible"]]
        for question in asked[:1]:
            yield signals(expert, question, "id"), known


def signals(expert: Expert, question: str, language: str) -> dict[str, float]:
    hits = expert.search(question, 6)
    return relevance.features(question, hits, language=language)


def learn(cases: list[Case], names: tuple[str, ...]) -> dict[str, object]:
    inputs = np.array([[case[0][name] for name in names] for case in cases])
    answerable = np.array([case[1] for case in cases])
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=5000)
    held_out = cross_val_predict(model, inputs, answerable, cv=10, method="predict_proba")[:, 1]
    threshold = float(np.quantile(held_out[answerable], WRONGLY_REFUSED))
    model.fit(inputs, answerable)
    return {
        "weights": {
            name: round(float(w), 4) for name, w in zip(names, model.coef_[0], strict=True)
        },
        "bias": round(float(model.intercept_[0]), 4),
        "threshold": round(threshold, 4),
        "refused_unanswerable": round(float((held_out[~answerable] < threshold).mean()), 3),
        "refused_answerable": round(float((held_out[answerable] < threshold).mean()), 3),
    }


if __name__ == "__main__":
    main()
