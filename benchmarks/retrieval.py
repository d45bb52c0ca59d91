"""Measures retrieval on the open data and prints one JSON document.

    python benchmarks/retrieval.py DATA [--only enterprise-md,vaswani,idk_mrc,enterprise-formats]

enterprise-md       both companies in one expert, Markdown: nDCG@10 by document, all questions, and
                    for each company; BM25 alone and vectors alone beside the fusion
enterprise-formats  the same for PDF, DOCX, PPTX and HTML
vaswani             11,429 abstracts, 93 queries: nDCG@10
idk_mrc             Indonesian, valid, answerable questions: nDCG@10 by passage
hotpotqa            100 multi-hop questions: nDCG@10

Weights were chosen on zx_bank's training questions and idk_mrc train; the rest is held out.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pakar import Expert
from pakar.config import Retrieval
from pakar.evaluation.metrics import ndcg, recall
from pakar.retrieval.search import Retriever

COMPANIES = ("zx_bank", "velvera_technologies")
DEPTH = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the stems of the documents that answer it, and the group it is reported in."""

    text: str
    gold: frozenset[str]
    group: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", default="enterprise-md,enterprise-formats,idk_mrc,vaswani")
    options = parser.parse_args()
    runs: dict[str, Callable[[Path, Path], dict[str, object]]] = {
        "enterprise-md": lambda data, folder: enterprise(data, folder, "md", ablate=True),
        "enterprise-formats": formats,
        "vaswani": vaswani,
        "idk_mrc": idk_mrc,
        "hotpotqa": hotpotqa,
    }
    results: dict[str, object] = {"machine": platform.processor() or platform.machine()}
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory() as folder:
            results[name] = runs[name](options.data, Path(folder))
    print(json.dumps(results, indent=2))


def formats(data: Path, folder: Path) -> dict[str, object]:
    return {
        name: enterprise(data, folder / name, name, ablate=False)
        for name in ("pdf", "docx", "pptx", "html")
    }


def enterprise(data: Path, folder: Path, kind: str, *, ablate: bool) -> dict[str, object]:
    sources = [data / "enterprise" / company / kind for company in COMPANIES]
    questions = []
    for company in COMPANIES:
        text = (data / "enterprise" / company / "questions.jsonl").read_text("utf-8")
        for line in text.splitlines():
            row = json.loads(line)
            gold = frozenset(fact["document"] for fact in row["facts"])
            questions.append(Asked(row["question"], gold, company))
    return measure(folder, sources, questions, ablate=ablate)


def vaswani(data: Path, folder: Path) -> dict[str, object]:
    root = data / "vaswani_npl"
    texts = trec_documents(next(root.rglob("doc-text.trec*")).read_text("latin-1"))
    queries = trec_queries(next(root.rglob("query-text.trec*")).read_text("latin-1"))
    relevant: dict[str, set[str]] = {}
    for line in next(root.rglob("qrels*")).read_text().splitlines():
        query, _, document, grade = line.split()
        if int(grade) > 0:
            relevant.setdefault(query, set()).add(document)
    questions = [
        Asked(text, frozenset(relevant[number]), "vaswani")
        for number, text in queries
        if number in relevant
    ]
    return measure(folder, [written(folder / "texts", texts)], questions, ablate=True)


def trec_documents(text: str) -> list[tuple[str, str]]:
    found = re.findall(r"<DOCNO>\s*(\S+?)\s*</DOCNO>(.*?)</DOC>", text, re.S | re.I)
    return [(number, " ".join(re.sub(r"<[^>]+>", " ", body).split())) for number, body in found]


def trec_queries(text: str) -> list[tuple[str, str]]:
    found = re.findall(
        r"<num>\s*(\S+?)\s*</num>\s*<title>(.*?)(?:</title>|</top>)", text, re.S | re.I
    )
    return [(number, " ".join(words.split()).lower()) for number, words in found]


def idk_mrc(data: Path, folder: Path) -> dict[str, object]:
    rows = json.loads((data / "idk_mrc" / "valid.json").read_text("utf-8"))
    texts = [(str(number), row["context"]) for number, row in enumerate(rows)]
    questions = [
        Asked(qa["question"], frozenset({str(number)}), "idk_mrc")
        for number, row in enumerate(rows)
        for qa in row["qas"]
        if not qa["is_impossible"]
    ]
    return measure(folder, [written(folder / "texts", texts)], questions, ablate=True)


def hotpotqa(data: Path, folder: Path) -> dict[str, object]:
    root = data / "hotpotqa"
    corpus = json.loads(next(root.rglob("*corpus*.json")).read_text("utf-8"))
    titles = {row["title"]: str(number) for number, row in enumerate(corpus)}
    texts = [(titles[row["title"]], f"{row['title']}\n\n{row['text']}") for row in corpus]
    rows = json.loads(next(root.rglob("hotpotqa_train.json")).read_text("utf-8"))
    questions = [
        Asked(
            row["question"],
            frozenset(titles[title] for title, _ in row["supporting_facts"] if title in titles),
            "hotpotqa",
        )
        for row in rows
    ]
    return measure(folder, [written(folder / "texts", texts)], questions, ablate=True)


def written(folder: Path, texts: Iterable[tuple[str, str]]) -> Path:
    folder.mkdir(parents=True)
    for name, text in texts:
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def measure(
    folder: Path, sources: Sequence[Path], questions: Sequence[Asked], *, ablate: bool
) -> dict[str, object]:
    folder.mkdir(parents=True, exist_ok=True)
    expert = Expert.create(folder / "expert")
    started = time.monotonic()
    report = expert.add(*sources)
    result: dict[str, object] = {
        "documents": len(report.added),
        "failed": len(report.failed),
        "passages": report.passages,
        "index_s": round(time.monotonic() - started, 1),
        "questions": len(questions),
    }
    weights = {"fused": None, "words": 0.0, "vectors": 1.0} if ablate else {"fused": None}
    for name, weight in weights.items():
        result[name] = score(expert.retriever, weight, questions)
    return result


def score(
    retriever: Retriever, weight: float | None, questions: Sequence[Asked]
) -> dict[str, object]:
    settings = retriever.settings
    if weight is not None:
        settings = Retrieval(**{**settings.model_dump(), "vector_weight": weight})
    retriever = replace(retriever, settings=settings)
    groups: dict[str, list[tuple[float, float]]] = {}
    started = time.monotonic()
    for asked in questions:
        hits = retriever.search(asked.text, k=100)
        ranking = list(dict.fromkeys(Path(hit.document).stem for hit in hits))
        pair = (ndcg(ranking, asked.gold, DEPTH), recall(ranking, asked.gold, DEPTH))
        groups.setdefault(asked.group, []).append(pair)
    seconds = time.monotonic() - started
    everything = [pair for pairs in groups.values() for pair in pairs]
    return {
        "ndcg@10": mean(everything, 0),
        "recall@10": mean(everything, 1),
        "by_group": {name: mean(pairs, 0) for name, pairs in groups.items()},
        "ms_a_question": round(1000 * seconds / max(1, len(questions)), 1),
    }


def mean(pairs: Sequence[tuple[float, float]], which: int) -> float:
    return round(sum(pair[which] for pair in pairs) / max(1, len(pairs)), 4)


if __name__ == "__main__":
    main()
