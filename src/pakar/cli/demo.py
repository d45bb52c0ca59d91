"""The whole story on the shipped example: documents in, questions answered with sources, measured.

Everything shown is computed in this run, on this machine, without a network.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import as_file, files
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pakar.cli.chat import ask
from pakar.cli.progress import counting, indexing
from pakar.cli.terminal import show_hits, show_report
from pakar.config import FILE_NAME
from pakar.errors import ExpertError
from pakar.evaluation.metrics import ndcg, recall, token_f1
from pakar.evaluation.questions import Question, load_questions
from pakar.expert import Expert

_SEARCHED = "What does a cheque book cost?"
_EXTRACTED = (_SEARCHED, "Is there a fee for a locker?")
_WRITTEN = "How do I block a lost debit card?"
_UNANSWERABLE = "How many branches does ZX Bank have in Tokyo?"
# The model writes slowly on two cores, so it answers few; the docs measure all questions.
_EXTRACTED_ANSWERS = 24
_WRITTEN_ANSWERS = 8
_DEPTH = 10


def play(folder: Path, console: Console) -> dict[str, object]:
    """Makes the demo's expert in `folder` (or goes on with it) and returns what was measured."""
    started = time.monotonic()
    _say(console, "1. An expert is a folder")
    expert = _expert(folder, console)
    _say(console, "2. Documents in: 71 files of a fictional bank, in five formats")
    with indexing(console) as progress:
        show_report(console, expert.add(expert.folder / "documents", progress=progress))
    _say(console, f"3. Search: {_SEARCHED}")
    show_hits(console, expert.search(_SEARCHED, 3))
    _say(
        console, "4. Answers without a language model: the best sentences, verbatim (route extract)"
    )
    for question in (*_EXTRACTED, _UNANSWERABLE):
        _ask(expert, console, question, "extract")
    _say(console, "5. The small model writes, pakar checks every sentence (route rag)")
    console.print(
        f"The model is {expert.config.models.language_model}; loading takes some seconds."
    )
    _ask(expert, console, _WRITTEN, "rag")
    if advice := expert.advice("rag"):
        console.print(Text(f"Hint: {advice}", style="yellow"))
    _say(console, "6. Measured on held-out questions, in this run")
    figures = _measure(expert, console)
    minutes = (time.monotonic() - started) / 60
    console.print(f"\nDone in {minutes:.1f} minutes. Go on with it:", highlight=False)
    console.print(Text(f"    pakar ask --expert {expert.folder}", style="bold"))
    return figures


def _expert(folder: Path, console: Console) -> Expert:
    if (folder / FILE_NAME).is_file():
        console.print(f"{folder} is there already; going on with it.")
        return Expert.open(folder)
    if folder.exists() and any(folder.iterdir()):
        raise ExpertError(
            f"{folder} is not empty and no expert", hint="Name another folder: pakar demo --dir DIR"
        )
    with as_file(_example()) as source:
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".pakar"), dirs_exist_ok=True)
    console.print(f"Copied the example to {folder}: pakar.toml, documents/, questions.jsonl.")
    return Expert.open(folder)


def _example() -> Path:
    """The example as installed, or as it lies in a checkout."""
    installed = Path(str(files("pakar"))) / "examples" / "zx_bank"
    checkout = Path(__file__).resolve().parents[3] / "examples" / "zx_bank"
    for place in (installed, checkout):
        if (place / FILE_NAME).is_file():
            return place
    raise ExpertError("the example is not in this installation", hint="Install pakar again.")


@dataclass(frozen=True, slots=True)
class _Retrieval:
    """Means over questions whose documents are known."""

    ndcg: float
    recall: float


def _measure(expert: Expert, console: Console) -> dict[str, object]:
    questions = load_questions(expert.folder / "questions.jsonl")
    answerable = [one for one in questions if one.answerable]
    foreign = [one for one in questions if not one.answerable]
    console.print(f"Searching for {len(answerable)} questions whose documents are known ...")
    found = _retrieval(expert, answerable)
    console.print(
        f"    nDCG@{_DEPTH} {found.ndcg:.3f}, recall@{_DEPTH} {found.recall:.3f} (by document)"
    )
    console.print(f"Answering {_EXTRACTED_ANSWERS} of them, and {len(foreign)} foreign ones ...")
    extracted = _answer(expert, console, _spread(answerable, _EXTRACTED_ANSWERS), "extract")
    refused = _answer(expert, console, foreign, "extract").refused
    console.print(f"    refused {refused} of {len(foreign)} that the documents do not answer,")
    console.print(f"    and {extracted.refused} of {_EXTRACTED_ANSWERS} that they do")
    console.print(f"The same by both routes for {_WRITTEN_ANSWERS} questions ...")
    few = _spread(answerable, _WRITTEN_ANSWERS)
    scores = {route: _answer(expert, console, few, route) for route in ("extract", "rag")}
    for route, score in scores.items():
        console.print(
            f"    {route}: token F1 {score.token_f1:.3f} against the reference answers, "
            f"{score.seconds:.1f} s an answer"
        )
    console.print(f"    ({_WRITTEN_ANSWERS} questions are too few for a verdict.)")
    return {
        "questions": len(answerable),
        "ndcg@10": found.ndcg,
        "recall@10": found.recall,
        "unanswerable": len(foreign),
        "refused_unanswerable": refused,
        "refused_answerable": extracted.refused,
        "routes": {route: asdict(score) for route, score in scores.items()},
    }


def _spread(questions: Sequence[Question], count: int) -> list[Question]:
    """Some of the questions, evenly over all of them."""
    step = max(1, len(questions) // count)
    return list(questions[::step][:count])


def _retrieval(expert: Expert, questions: Sequence[Question]) -> _Retrieval:
    values = []
    for one in questions:
        ranking = [hit.document for hit in expert.search(one.question, 5 * _DEPTH)]
        values.append(
            (ndcg(ranking, one.documents, _DEPTH), recall(ranking, one.documents, _DEPTH))
        )
    count = max(1, len(values))
    return _Retrieval(sum(one[0] for one in values) / count, sum(one[1] for one in values) / count)


@dataclass(frozen=True, slots=True)
class _Answered:
    """Means over the answers of one route; `refused` counts the questions it did not answer."""

    token_f1: float
    seconds: float
    refused: int


def _answer(
    expert: Expert, console: Console, questions: Sequence[Question], route: str
) -> _Answered:
    with counting(console, f"  {route}", len(questions)) as step:
        answers = []
        for one in questions:
            answers.append(expert.ask(one.question, route=route))
            step()
    f1 = [token_f1(given.text, one.answers) for given, one in zip(answers, questions, strict=True)]
    count = max(1, len(answers))
    return _Answered(
        sum(f1) / count,
        sum(given.timings.total for given in answers) / count,
        sum(given.abstained for given in answers),
    )


def _ask(expert: Expert, console: Console, question: str, route: str) -> None:
    console.print(Text(f"\n? {question}", style="bold"))
    ask(expert.route(route), console, question, history=[])


def _say(console: Console, title: str) -> None:
    console.print()
    console.rule(Text(title, style="bold"), align="left")
