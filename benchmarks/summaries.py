"""What summaries bring to retrieval: an ablation, question by question, on the same index.

    python benchmarks/summaries.py DATA [--only zx_bank,velvera_technologies,h2o_evals,topics]
        [--keep FOLDER] [--weights 0.1,0.3,0.5,1.0]

zx_bank, velvera_technologies   the companies' Markdown and questions; weights are chosen on the
                                first, the second is held out
h2o_evals                       two long PDFs (the EU AI Act, a tax manual)
topics                          the shipped example, benchmarks/summary_questions.jsonl: questions
                                about what a whole document or section is about

Of each question: nDCG@10 and recall@10 by document; and `evidence`, the share of the content
words of the reference facts that stand in the first four passages, which is what a model is given
to read. Two long PDFs are few documents, so there nDCG is by passage: right are those that hold
six tenths of the reference answer's content words. Every arm is compared with an index without
summaries on the same questions (difference and 95% interval, BCa bootstrap). --keep takes up an
index from an earlier run, so that only searching is repeated.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pakar import Expert
from pakar.backends.lancedb_store import LanceStore
from pakar.config import Retrieval
from pakar.documents.summarise import Extractive, summaries
from pakar.evaluation.bootstrap import intervals
from pakar.evaluation.metrics import ndcg, recall
from pakar.language.terms import content_terms
from pakar.ports import Embedder, EmbedderInfo, TextRole, Vectors, VectorStore
from pakar.retrieval.search import Retriever
from pakar.types import Hit, Passage

HERE = Path(__file__).parent
DEPTH, READ = 10, 4
COVERS = 0.6
MEASURES = ("ndcg@10", "recall@10", "evidence")
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the stems of the documents that answer it (none: by passage), the words of the
    reference facts, and its type."""

    text: str
    gold: frozenset[str]
    facts: str
    type: str


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to search; `weight` is that of the summaries."""

    name: str
    store: VectorStore
    weight: float


class Remembering:
    """An embedder that embeds a question once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, Vectors] = {}

    @property
    def info(self) -> EmbedderInfo:
        return self._embedder.info

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        for text in texts:
            if text not in self._known:
                self._known[text] = self._embedder.embed([text], role)[0]
        return np.stack([self._known[text] for text in texts])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens(texts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", default="zx_bank,velvera_technologies,h2o_evals,topics")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--weights", default="0.1,0.3,0.5,1.0")
    options = parser.parse_args()
    weights = [float(one) for one in options.weights.split(",")]
    results = {}
    for name in options.only.split(","):
        sources, questions = material(options.data, name)
        with tempfile.TemporaryDirectory() as folder:
            place = (options.keep or Path(folder)) / name
            results[name] = measured(place, sources, questions, weights)
    print(json.dumps(results, indent=2))


def material(data: Path, name: str) -> tuple[list[Path], list[Asked]]:
    if name == "h2o_evals":
        return sorted((data / name).glob("*/used_documents/*.pdf")), list(h2o(data / name))
    if name == "topics":
        return [HERE.parent / "examples/zx_bank/documents"], list(topics())
    return [data / "enterprise" / name / "md"], list(company(data / "enterprise" / name))


def company(folder: Path) -> Iterator[Asked]:
    for row in rows(folder / "questions.jsonl"):
        gold = frozenset(fact["document"] for fact in row["facts"])
        facts = "\n".join(fact["text"] for fact in row["facts"])
        yield Asked(row["question"], gold, facts, row["type"])


def topics() -> Iterator[Asked]:
    for row in rows(HERE / "summary_questions.jsonl"):
        yield Asked(row["question"], frozenset(row["documents"]), "", row["type"])


def h2o(folder: Path) -> Iterator[Asked]:
    for name in ("question_type", "token_presence"):
        for path in sorted(folder.glob(f"*/JSON_files/{name}_*.json")):
            for test in json.loads(path.read_text("utf-8"))["tests"]:
                for case in test["test_cases"]:
                    text = case["prompt"].split("Question:", 1)[-1].strip()
                    yield Asked(text, frozenset(), case["expected_output"], case["categories"][0])


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


def measured(
    place: Path, sources: Sequence[Path], questions: Sequence[Asked], weights: Sequence[float]
) -> dict[str, object]:
    expert = indexed(place, sources)
    full = expert.retriever
    embedder = Remembering(full.embedder)
    content = copied(full.store, place / "content", lambda passage: passage.is_verbatim)
    arms = [Arm("without", content, 0.0)]
    arms += [Arm(f"weight {weight}", full.store, weight) for weight in weights]
    gold = by_passage(full.store) if any(not one.gold for one in questions) else None
    values = {}
    for arm in arms:
        settings = Retrieval(summary_weight=arm.weight)
        retriever = Retriever(arm.store, embedder, settings)
        values[arm.name] = np.array([scores(retriever, asked, gold) for asked in questions])
    return {
        "questions": len(questions),
        "costs": costs(expert, full.store, content),
        "arms": {name: shown(found, values["without"]) for name, found in values.items()},
        "types": by_type(questions, values),
    }


def indexed(place: Path, sources: Sequence[Path]) -> Expert:
    folder = place / "expert"
    if folder.exists():
        return Expert.open(folder)
    expert = Expert.create(folder)
    settings = folder / "pakar.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace('mode = "off"', 'mode = "extractive"'), "utf-8")
    expert = Expert.open(folder)
    expert.add(*sources)
    return expert


def copied(store: VectorStore, folder: Path, keep: Callable[[Passage], bool]) -> VectorStore:
    """Another store with some of the passages, embedded as they are."""
    snapshot = store.snapshot()
    everything = list(snapshot.rows())
    made = LanceStore(folder, len(everything[0].vector))
    if made.count() == 0:
        names = list(snapshot.documents())
        for start in range(0, len(names), AT_ONCE):
            chunk = set(names[start : start + AT_ONCE])
            own = [row for row in everything if row.passage.document in chunk]
            made.replace(sorted(chunk), [row for row in own if keep(row.passage)])
        made.optimize()
    return made


def by_passage(store: VectorStore) -> Callable[[Asked], frozenset[str]]:
    """The ids of the passages that hold six tenths of an answer's content words."""
    content = [row.passage for row in store.snapshot().rows() if row.passage.is_verbatim]
    held = {one.id: words(one.text) for one in content}

    def gold(asked: Asked) -> frozenset[str]:
        wanted = words(asked.facts)
        return frozenset(key for key, one in held.items() if covered(wanted, one) >= COVERS)

    return gold


def scores(
    retriever: Retriever, asked: Asked, by_passage: Callable[[Asked], frozenset[str]] | None
) -> tuple[float, float, float]:
    hits = retriever.search(asked.text, k=100)
    if asked.gold or by_passage is None:
        gold = asked.gold
        ranking = list(dict.fromkeys(Path(hit.document).stem for hit in hits))
    else:
        gold, ranking = by_passage(asked), [hit.passage.id for hit in hits]
    evidence = covered(words(asked.facts), read(hits))
    if not gold:
        return float("nan"), float("nan"), evidence
    return ndcg(ranking, gold, DEPTH), recall(ranking, gold, DEPTH), evidence


def read(hits: Sequence[Hit]) -> set[str]:
    return words("\n".join(hit.text for hit in hits[:READ]))


def words(text: str) -> set[str]:
    return set(content_terms(text, "en"))


def covered(wanted: set[str], held: set[str]) -> float:
    return len(wanted & held) / len(wanted) if wanted else float("nan")


def shown(found: np.ndarray, without: np.ndarray) -> dict[str, object]:
    told: dict[str, object] = {}
    for column, name in enumerate(MEASURES):
        own, base = found[:, column], without[:, column]
        there = ~np.isnan(own)
        if there.any():
            change = intervals((own - base)[there][:, None])[0]
            told[name] = round(float(own[there].mean()), 4)
            told[f"{name} difference"] = [
                round(one, 4) for one in (change.mean, change.low, change.high)
            ]
    return told


def by_type(
    questions: Sequence[Asked], values: dict[str, np.ndarray]
) -> dict[str, dict[str, object]]:
    types = np.array([asked.type for asked in questions])
    return {
        str(type_): {
            "questions": int((types == type_).sum()),
            **{
                name: [round(float(one), 4) for one in np.nanmean(found[types == type_], axis=0)]
                for name, found in values.items()
                if not np.isnan(found[types == type_]).all(axis=0).any()
            },
        }
        for type_ in sorted(set(types))
    }


def costs(expert: Expert, full: VectorStore, content: VectorStore) -> dict[str, object]:
    """Passages, bytes of vectors, words and texts, and the processor time that summaries take."""
    settings = expert.config.summaries
    embedder = expert.retriever.embedder
    documents = [expert.document(name) for name in full.snapshot().documents()]
    own = list(full.snapshot().rows())
    made = [row.passage for row in own if not row.passage.is_verbatim]
    started = time.process_time()
    tokens = (embedder.info.max_tokens, embedder.count_tokens)
    for document in documents:
        passages = sorted(
            (row.passage for row in own if row.passage.document == document.name),
            key=lambda passage: passage.start,
        )
        kept = [passage for passage in passages if passage.is_verbatim]
        summaries(document, kept, settings, Extractive(settings.sentences), tokens=tokens)
    written = time.process_time() - started
    return {
        "documents": len(documents),
        "passages": content.count(),
        "summaries": len(made),
        "of sections": sum(bool(one.headings) for one in made),
        "mean characters of a summary": round(sum(len(one.text) for one in made) / len(made)),
        "seconds to write all": round(written, 2),
        "seconds to embed a summary / a passage": seconds(embedder, made, own),
    }


def seconds(embedder: Embedder, made: Sequence[Passage], own: Sequence) -> list[float]:
    told = []
    for texts in (
        [one.text for one in made[:16]],
        [row.passage.text for row in own if row.passage.is_verbatim][:16],
    ):
        started = time.process_time()
        embedder.embed(texts, "passage")
        told.append(round((time.process_time() - started) / max(1, len(texts)), 3))
    return told


if __name__ == "__main__":
    main()
