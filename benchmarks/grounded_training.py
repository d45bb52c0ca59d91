"""Teaches the bundled model to answer from passages, in Indonesian, and measures what it learned.

    python benchmarks/grounded_training.py DATA --articles 130 --questions 50 --folder DIR

DATA is the folder of IDK-MRC (train.json, valid.json). Questions about articles of train.json are
the examples; questions about articles of valid.json are the exam, as many with an answer as
without. Passages and distractors are the retriever's own. What has no answer is, with

    --refusals edited    IDK-MRC's own: a question with an answer was changed until its article
                         does not say it any more. All articles are in the index.
    --refusals removed   a question with an answer whose article is not in the index. Refusals are
                         learned from passages without the answer (`unanswerable`), as in RAFT.

The routes `rag` and `rag+lora` answer the exam; extract is the floor. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pakar import Expert
from pakar.evaluation.bootstrap import Interval
from pakar.evaluation.comparison import Comparison
from pakar.flows.tuning import Watcher
from pakar.types import Adapter, Scope

UNKNOWN = "Saya tidak tahu."
MEASURES = ("score", "token_f1", "cited_right", "supported", "refusal_recall", "refusal_precision")
SETTINGS = """
[passages]
tokens = 120
[retrieval]
passages = 3
sentences = {sentences}
[examples]
forms = ["grounded"]
without_source = 0.0
unanswerable = {unanswerable}
[training]
epochs = {epochs}
minutes = {minutes}
learning_rate = {rate}
rank = {rank}
alpha = {alpha}
"""
Article = Mapping[str, object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--articles", type=int, default=130)
    parser.add_argument("--each", type=int, default=100, help="questions of an article, at most")
    parser.add_argument("--questions", type=int, default=50, help="of each kind")
    parser.add_argument("--skip", type=int, default=0, help="articles of the exam already used")
    parser.add_argument("--refusals", choices=["edited", "removed"], default="edited")
    parser.add_argument("--share", type=float, default=0.2, help="of refusals, where removed")
    parser.add_argument("--calibrate", action="store_true", help="own threshold for refusals")
    parser.add_argument("--sentences", type=int, default=1, help="read of the passages; 0: all")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--rank", type=int, default=64)
    parser.add_argument("--alpha", type=int, default=64)
    parser.add_argument("--minutes", type=float, default=22.0)
    parser.add_argument("--epochs", type=float, default=1.0)
    options = parser.parse_args()
    learned = some(articles(options.data / "train.json"), options.articles)
    removed = options.refusals == "removed"
    wanted = options.skip + (2 if removed else 1) * options.questions
    drawn = some(articles(options.data / "valid.json"), wanted)[options.skip :]
    exam, without = drawn[: options.questions], drawn[options.questions :]
    expert = made(options.folder, learned, exam, without, options)
    if options.calibrate:
        print(expert.calibrate(), file=sys.stderr, flush=True)
    started = time.monotonic()
    adapter = expert.train("lora", watcher=told())
    print(f"trained in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    result = expert.compare(routes=("extract", "rag", "rag+lora"), scope=Scope(memory=False))
    print(json.dumps(summary(result, adapter), indent=2))


def told() -> Watcher:
    """What a training says, on stderr."""

    def say(line: object) -> None:
        print(line, file=sys.stderr, flush=True)

    return Watcher(say, lambda found: [say(one) for one in found.checks] and None, say)


def articles(file: Path) -> list[Article]:
    """In an order that has nothing to do with the file's."""
    found: list[Article] = json.loads(file.read_text(encoding="utf-8"))
    return sorted(found, key=lambda one: hashlib.sha256(str(one["context"]).encode()).digest())


def some(found: Sequence[Article], count: int) -> list[Article]:
    """Articles with questions of both kinds, and none twice."""
    kept: dict[str, Article] = {}
    for one in found:
        kinds = {bool(answer) for _, _, answer in asked(one)}
        if kinds == {True, False}:
            kept.setdefault(str(one["context"]), one)
        if len(kept) == count:
            break
    return list(kept.values())


def asked(article: Article) -> Iterator[tuple[str, str, str]]:
    """Id, question and answer; "" where the article has none."""
    for row in article["qas"]:  # type: ignore[attr-defined]
        answer = "" if row["is_impossible"] else row["answers"][0]["text"]
        yield row["id"], row["question"], answer


def taught(article: Article, most: int, *, unanswered: bool) -> list[tuple[str, str, str]]:
    """What an article is learned from: its first questions, those without an answer if wanted."""
    return [row for row in asked(article) if row[2] or unanswered][:most]


def made(
    folder: Path,
    learned: Sequence[Article],
    exam: Sequence[Article],
    without: Sequence[Article],
    options: argparse.Namespace,
) -> Expert:
    """The expert with its documents, examples and questions; there already, it is gone on with.

    Articles `without` are asked about and not added.
    """
    removed = options.refusals == "removed"
    if (folder / "pakar.toml").is_file():
        return Expert.open(folder)
    Expert.create(folder)
    settings = (folder / "pakar.toml").read_text(encoding="utf-8")
    models = settings[: settings.index("[documents]")]
    shares = {**vars(options), "unanswerable": options.share if removed else 0.0}
    (folder / "pakar.toml").write_text(models + SETTINGS.format(**shares), encoding="utf-8")
    documents = folder / "documents"
    documents.mkdir(exist_ok=True)
    for one in (*learned, *exam):
        (documents / name(one)).write_text(str(one["context"]), encoding="utf-8")
    expert = Expert.open(folder)
    expert.add(documents)
    asking = [*questions(exam, edited=not removed), *absent(without)]
    (folder / "questions.jsonl").write_text("".join(asking), encoding="utf-8")
    pairs = folder / "pairs.jsonl"
    rows = [
        {"question": question, "answer": answer or UNKNOWN}
        for one in learned
        for _, question, answer in taught(one, options.each, unanswered=not removed)
    ]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    report = expert.import_examples(pairs)
    print(f"{len(report.added)} examples", file=sys.stderr, flush=True)
    return expert


def questions(exam: Sequence[Article], *, edited: bool) -> Iterator[str]:
    """One question with an answer, and where wanted an edited one without, of every article."""
    for one in exam:
        for wanted in (True, False) if edited else (True,):
            key, text, answer = next(row for row in asked(one) if bool(row[2]) is wanted)
            row: dict[str, object] = {"id": key, "question": text}
            if wanted:
                row |= {"answer": answer, "documents": [f"documents/{name(one)}"]}
            else:
                row |= {"answerable": False}
            yield json.dumps(row, ensure_ascii=False) + "\n"


def absent(without: Sequence[Article]) -> Iterator[str]:
    """One question of every article that would answer it, were it there."""
    for one in without:
        key, text, _ = next(row for row in asked(one) if row[2])
        row = {"id": key, "question": text, "answerable": False}
        yield json.dumps(row, ensure_ascii=False) + "\n"


def name(article: Article) -> str:
    digest = hashlib.sha256(str(article["context"]).encode()).hexdigest()
    return f"artikel {int(digest[:6], 16)}.txt"


def summary(result: Comparison, adapter: Adapter) -> dict[str, object]:
    """The measures by route, and how much that has an answer was refused all the same."""
    answerable = [one.id for one in result.questions if one.answerable]
    routes: dict[str, object] = {}
    for route in result.routes:
        records = result.records[route.name]
        refused = [r.answer.abstained for key in answerable if (r := records[key]).answer]
        figures = {key: rounded(route.metrics[key]) for key in MEASURES if key in route.metrics}
        routes[route.name] = {**figures, "refused_answerable": sum(refused) / len(refused)}
    trained = {"id": adapter.id, "examples": adapter.examples, "loss": adapter.loss}
    return {
        "questions": len(result.questions),
        "adapter": {**trained, "seconds": adapter.seconds, "memory_mb": adapter.memory_mb},
        "routes": routes,
        "verdict": result.recommendation.route,
    }


def rounded(value: Interval) -> list[float]:
    return [round(one, 3) for one in (value.mean, value.low, value.high)]


if __name__ == "__main__":
    main()
