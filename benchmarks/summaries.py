"""What summaries bring to retrieval: an ablation, question by question, on the same passages.

    python benchmarks/summaries.py DATA [--only zx_bank,velvera_technologies,h2o_evals,topics]
        [--keep FOLDER] [--weights 0.1,0.3,0.5,1.0] [--every N] [--settings '{"sentences": 5}']

zx_bank, velvera_technologies   the companies' Markdown and questions; the method was fixed on the
                                first; the weight was lowered after a look at both
zx_bank-bare, velvera_technologies-bare     the same texts without their headings, in numbered
                                files: what a note, a transcript or a bad scan looks like
h2o_evals                       two long PDFs (the EU AI Act, a tax manual)
topics                          zx_bank's documents, with benchmarks/summary_questions.jsonl: what a
                                document is about in other words (theme), subjects that stand in
                                several of its sections (spread), and single facts (detail)

Of each question: nDCG@10 and recall@10 by document; and `evidence`, the share of the content
words of the reference facts that stand in the first four passages, which is what a model is given
to read. Two long PDFs are few documents, so there nDCG is by passage: right are those that hold
six tenths of the reference answer's content words. Every weight is compared with an index without
summaries on the same questions (difference and 95% interval, BCa bootstrap). `costs` has the
processor seconds of making the summaries and the bytes of both indexes. --keep takes up passages
and vectors of an earlier run, so that only searching is repeated.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pakar import Expert
from pakar.backends.lancedb_store import LanceStore
from pakar.config import Retrieval, Summaries
from pakar.documents.split import embedding_text
from pakar.documents.summarise import Extractive, summaries
from pakar.evaluation.bootstrap import intervals
from pakar.evaluation.metrics import ndcg, recall
from pakar.language.terms import content_terms, terms
from pakar.ports import Embedder, EmbedderInfo, IndexedPassage, TextRole, Vectors, VectorStore
from pakar.retrieval.search import Retriever
from pakar.types import Passage

HERE = Path(__file__).parent
DEPTH, READ = 10, 4
COVERS = 0.6
MEASURES = ("ndcg@10", "recall@10", "evidence")
AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the stems of the documents that answer it (none: by passage), the words of the
    reference facts, and its type."""

    text: str
    gold: frozenset[str]
    facts: str
    type: str


Gold = Callable[[Asked], frozenset[str]]


class Remembering:
    """An embedder that embeds a text once, and counts the processor seconds that it took."""

    def __init__(self, embedder: Embedder, file: Path) -> None:
        self._embedder = embedder
        self._file = file
        self._known: dict[str, Vectors] = {}
        self.seconds = 0.0
        if file.exists():
            kept = np.load(file)
            self._known = dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))

    @property
    def info(self) -> EmbedderInfo:
        return self._embedder.info

    def embed(self, texts: Sequence[str], role: TextRole) -> Vectors:
        new = [one for one in dict.fromkeys(texts) if f"{role} {one}" not in self._known]
        started = time.process_time()
        for start in range(0, len(new), AT_ONCE):
            chunk = new[start : start + AT_ONCE]
            vectors = self._embedder.embed(chunk, role)
            keys = (f"{role} {one}" for one in chunk)
            self._known |= dict(zip(keys, vectors, strict=True))
        self.seconds += time.process_time() - started
        return np.stack([self._known[f"{role} {one}"] for one in texts])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens(texts)

    def save(self) -> None:
        np.savez(
            self._file, texts=np.array(list(self._known)), vectors=np.stack([*self._known.values()])
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", default="zx_bank,velvera_technologies,h2o_evals,topics")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--weights", default="0.1,0.3,0.5,1.0")
    parser.add_argument("--settings", default="{}")
    parser.add_argument("--every", type=int, default=1, help="asks every so-manieth question")
    options = parser.parse_args()
    weights = [float(one) for one in options.weights.split(",")]
    settings = Summaries(**{"mode": "extractive", **json.loads(options.settings)})
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory() as folder:
            sources, questions = material(options.data, name, Path(folder) / "bare")
            place = (options.keep or Path(folder)) / ("zx_bank" if name == "topics" else name)
            result = measured(place, sources, questions[:: options.every], weights, settings)
        print(json.dumps({name: result}, indent=1), flush=True)


def material(data: Path, name: str, folder: Path) -> tuple[list[Path], list[Asked]]:
    if name.endswith("-bare"):
        whole = data / "enterprise" / name.removesuffix("-bare")
        numbers = bare(whole / "md", folder)
        questions = [
            replace(one, gold=frozenset(numbers[stem] for stem in one.gold if stem in numbers))
            for one in company(whole)
        ]
        return [folder], questions
    if name == "h2o_evals":
        return sorted((data / name).glob("*/used_documents/*.pdf")), list(h2o(data / name))
    if name == "topics":
        return [data / "enterprise" / "zx_bank" / "md"], list(topics())
    return [data / "enterprise" / name / "md"], list(company(data / "enterprise" / name))


def bare(source: Path, folder: Path) -> dict[str, str]:
    """Writes texts without headings as 000.txt, 001.txt, ...; gives each stem's number."""
    folder.mkdir(parents=True)
    numbers = {}
    for number, path in enumerate(sorted(source.iterdir())):
        kept = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
        (folder / f"{number:03}.txt").write_text("\n".join(kept), "utf-8")
        numbers[path.stem] = f"{number:03}"
    return numbers


def company(folder: Path) -> Iterator[Asked]:
    for row in lines(folder / "questions.jsonl"):
        gold = frozenset(fact["document"] for fact in row["facts"])
        facts = "\n".join(fact["text"] for fact in row["facts"])
        yield Asked(row["question"], gold, facts, row["type"])


def topics() -> Iterator[Asked]:
    for row in lines(HERE / "summary_questions.jsonl"):
        yield Asked(row["question"], frozenset(row["documents"]), "", row["type"])


def h2o(folder: Path) -> Iterator[Asked]:
    for name in ("question_type", "token_presence"):
        for path in sorted(folder.glob(f"*/JSON_files/{name}_*.json")):
            for test in json.loads(path.read_text("utf-8"))["tests"]:
                for case in test["test_cases"]:
                    text = case["prompt"].split("Question:", 1)[-1].strip()
                    yield Asked(text, frozenset(), case["expected_output"], case["categories"][0])


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


def measured(
    place: Path,
    sources: Sequence[Path],
    questions: Sequence[Asked],
    weights: Sequence[float],
    settings: Summaries,
) -> dict[str, object]:
    expert, seconds = indexed(place / "expert", sources)
    embedder = Remembering(expert.retriever.embedder, place / "vectors.npz")
    rows = list(expert.retriever.store.snapshot().rows())
    content = [row for row in rows if row.passage.is_verbatim]
    made, costs = summed_up(expert, content, settings, embedder)
    without = stored(place / "without", content)
    full = stored(place / "with", content + made)
    embedder.embed([asked.text for asked in questions], "query")
    embedder.save()
    gold = by_passage([row.passage for row in content])
    values = {"without": searched(without, 0.0, embedder, questions, gold)}
    for weight in weights:
        values[f"weight {weight}"] = searched(full, weight, embedder, questions, gold)
    return {
        "questions": len(questions),
        "costs": costs
        | {
            "seconds to index without": seconds,
            "megabytes without, with": [megabytes(place / one) for one in ("without", "with")],
        },
        "arms": {name: shown(found, values["without"]) for name, found in values.items()},
        "types": by_type(questions, values),
    }


def indexed(folder: Path, sources: Sequence[Path]) -> tuple[Expert, float | None]:
    """An expert without summaries and the processor seconds that embedding took here."""
    if folder.exists():
        return Expert.open(folder), None
    expert = Expert.create(folder)
    text = (folder / "pakar.toml").read_text("utf-8")
    for mode in ("extractive", "model"):
        text = text.replace(f'mode = "{mode}"', 'mode = "off"')
    # A busy machine needs longer to read.
    (folder / "pakar.toml").write_text(text.replace("seconds = 60\n", "seconds = 3600\n"), "utf-8")
    expert = Expert.open(folder)
    started = time.process_time()
    expert.add(*sources)
    return expert, round(time.process_time() - started, 1)


def summed_up(
    expert: Expert, content: Sequence[IndexedPassage], settings: Summaries, embedder: Remembering
) -> tuple[list[IndexedPassage], dict[str, object]]:
    """The summaries of all documents, embedded, and what they cost."""
    written, before = 0.0, embedder.seconds
    made: list[IndexedPassage] = []
    tokens = (embedder.info.max_tokens, embedder.count_tokens)
    for name, own in by_document(content).items():
        document = expert.document(name)
        started = time.process_time()
        passages = [row.passage for row in own]
        found = summaries(
            document, passages, settings, Extractive(settings.sentences), tokens=tokens
        )
        written += time.process_time() - started
        made += rows_of(found, embedder, own[0].content_hash)
    return made, {
        "passages": len(content),
        "summaries": len(made),
        "of sections": sum(bool(row.passage.headings) for row in made),
        "mean characters": round(np.mean([len(row.passage.text) for row in made]).item()),
        "seconds to write": round(written, 2),
        "seconds to embed (0: kept)": round(embedder.seconds - before, 1),
    }


def by_document(content: Sequence[IndexedPassage]) -> dict[str, list[IndexedPassage]]:
    found: dict[str, list[IndexedPassage]] = {}
    for row in sorted(content, key=lambda row: row.passage.start):
        found.setdefault(row.passage.document, []).append(row)
    return found


def rows_of(
    found: Sequence[Passage], embedder: Remembering, content_hash: str
) -> list[IndexedPassage]:
    if not found:
        return []
    vectors = embedder.embed([embedding_text(one) for one in found], "passage")
    return [
        IndexedPassage(one, vector, terms(f"{one.context}\n{one.text}", one.language), content_hash)
        for one, vector in zip(found, vectors, strict=True)
    ]


def stored(folder: Path, rows: Sequence[IndexedPassage]) -> VectorStore:
    shutil.rmtree(folder, ignore_errors=True)
    store = LanceStore(folder, len(rows[0].vector))
    store.replace(sorted({row.passage.document for row in rows}), rows)
    store.optimize()
    return store


def megabytes(folder: Path) -> float:
    return round(sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / 1e6, 2)


def by_passage(content: Sequence[Passage]) -> Gold:
    """Gives the ids of the passages that hold six tenths of an answer's content words."""
    held = {one.id: words(one.text) for one in content}

    def gold(asked: Asked) -> frozenset[str]:
        wanted = words(asked.facts)
        return frozenset(key for key, one in held.items() if covered(wanted, one) >= COVERS)

    return gold


def searched(
    store: VectorStore,
    weight: float,
    embedder: Embedder,
    questions: Sequence[Asked],
    by_passage: Gold,
) -> np.ndarray:
    """The measures of each question, shape (questions, measures); nan where there is none."""
    retriever = Retriever(store, embedder, Retrieval(summary_weight=weight))
    return np.array([scores(retriever, asked, by_passage) for asked in questions])


def scores(retriever: Retriever, asked: Asked, by_passage: Gold) -> tuple[float, float, float]:
    hits = retriever.search(asked.text, k=100)
    held = words("\n".join(hit.text for hit in hits[:READ]))
    evidence = covered(words(asked.facts), held)
    ranking = [Path(hit.document).stem if asked.gold else hit.passage.id for hit in hits]
    gold = asked.gold or by_passage(asked)
    if not gold:
        return float("nan"), float("nan"), evidence
    return ndcg(ranking, gold, DEPTH), recall(ranking, gold, DEPTH), evidence


def words(text: str) -> set[str]:
    return set(content_terms(text, "en"))


def covered(wanted: set[str], held: set[str]) -> float:
    return len(wanted & held) / len(wanted) if wanted else float("nan")


def shown(found: np.ndarray, without: np.ndarray) -> dict[str, str]:
    """The mean of each measure, and its difference with the interval."""
    told: dict[str, str] = {}
    for column, name in enumerate(MEASURES):
        own, base = found[:, column], without[:, column]
        there = ~np.isnan(own)
        if there.any():
            change = intervals((own - base)[there][:, None])[0]
            told[name] = (
                f"{own[there].mean():.4f}, {change.mean:+.4f} ({change.low:+.4f} to "
                f"{change.high:+.4f})"
            )
    return told


def by_type(
    questions: Sequence[Asked], values: dict[str, np.ndarray]
) -> dict[str, dict[str, object]]:
    types = np.array([asked.type for asked in questions])
    return {
        kind: {
            "questions": int((types == kind).sum()),
            **{name: shown(found[types == kind], values["without"][types == kind])
               for name, found in values.items()},
        }
        for kind in sorted(set(types.tolist()))
    }  # fmt: skip


if __name__ == "__main__":
    main()
