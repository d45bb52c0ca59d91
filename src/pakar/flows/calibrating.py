"""When an expert says that it does not know: learned from its own examples and documents.

Each example is a question that can be answered; without the documents that hold its answer it is
one that cannot. How such questions differ in what is found for them depends on the language, on
the size of passages and on how alike the documents are, so it is learned for each expert. Knows
where it is kept; what the numbers mean is `answering.relevance`'s.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pakar.answering.relevance import JUDGED, SIGNALS, Learned, features, shipped
from pakar.atomic_file import write_atomically
from pakar.backends.logistic import fit
from pakar.errors import ExampleError, ExpertError
from pakar.flows.examples import ExampleDesk
from pakar.flows.index_in_force import retriever
from pakar.flows.workplace import Workplace
from pakar.index.lock import writing
from pakar.retrieval.search import Retriever
from pakar.training.grounded import with_and_without
from pakar.types import Example

FILE = "relevance.json"
REFUSED = 0.05
Progress = Callable[[int, int], None]
OnWait = Callable[[str], None]
# More say little more, and each is searched for.
_MOST = 400
_FEWEST = 30
# A document may have many passages, and those with the answer are left out.
_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was learned, from how many questions, and what it refuses of either kind.

    The shares are of questions that it had not seen. `before` are those of the decision that was
    in force. `own_weights` is false where the usual signals' weights did as well, so that only the
    threshold is the expert's own.
    """

    questions: int
    refused_answerable: float
    refused_unanswerable: float
    before: tuple[float, float]
    own_weights: bool
    learned: Learned


def calibrate(
    place: Workplace,
    refused: float = REFUSED,
    *,
    progress: Progress | None = None,
    on_wait: OnWait | None = None,
) -> Calibration:
    """Learns from the accepted examples, and is in force from then on for every route.

    Of the questions that can be answered, the share `refused` may be refused. Raises ExampleError
    where there are too few examples whose answer is found.
    """
    if not 0.0 < refused < 0.5:
        raise ExampleError(
            f"a share of {refused} to be refused is impossible", hint="Usual: 0.02 to 0.1."
        )
    searcher = retriever(place)
    cases = _cases(ExampleDesk(place).accepted().kept, searcher, progress)
    if len(cases) < _FEWEST:
        raise ExampleError(
            f"{len(cases)} accepted examples have an answer that is found and other documents "
            f"beside it; it takes {_FEWEST}",
            hint="Make some: pakar examples build. Or bring your own: pakar examples import FILE",
        )
    usual = shipped(searcher.embedder_spec)
    found = _learned(cases, usual, _in_force(place) or usual, refused)
    spec = place.config.models.embedder
    document = {"embedder": spec, "questions": found.questions, **asdict(found.learned)}
    with writing(place.derived, on_wait=on_wait):
        write_atomically(_file(place), json.dumps(document, indent=2).encode())
    return found


def forget(place: Workplace, *, on_wait: OnWait | None = None) -> bool:
    """What comes with pakar is in force again. False where nothing had been learned."""
    with writing(place.derived, on_wait=on_wait):
        there = _file(place).is_file()
        _file(place).unlink(missing_ok=True)
    return there


def own_relevance(place: Workplace) -> Learned | None:
    """What the expert has learned with the embedder of its settings, if anything.

    Raises ExpertError where the file is not what was written there.
    """
    found = _read(place)
    return found[0] if found else None


def learned_from(place: Workplace) -> int:
    """From how many questions that was; 0 where nothing is in force."""
    found = _read(place)
    return found[1] if found else 0


def _in_force(place: Workplace) -> Learned | None:
    """As `own_relevance`; a spoiled file is about to be written anew."""
    try:
        return own_relevance(place)
    except ExpertError:
        return None


def _read(place: Workplace) -> tuple[Learned, int] | None:
    try:
        document = json.loads(_file(place).read_bytes())
        if document["embedder"] != place.config.models.embedder:
            return None
        weights = {name: float(one) for name, one in document["weights"].items()}
        unknown = sorted(set(weights) - set(SIGNALS))
        if unknown:
            raise ValueError(f"unknown signal {unknown[0]!r:.40}")
        learned = Learned(weights, float(document["bias"]), float(document["threshold"]))
        return learned, int(document["questions"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExpertError(
            f"{_file(place)}: is not what pakar wrote there ({error})",
            hint="Learn it again: pakar calibrate. Or go without: pakar calibrate --reset",
        ) from error


# The signals of a question with its answer's documents, and without them.
_Case = tuple[dict[str, float], dict[str, float]]


def _cases(
    examples: Sequence[Example], searcher: Retriever, progress: Progress | None
) -> list[_Case]:
    single = [one for one in examples if one.form == "plain" and _turns(one) == 1]
    # Any of them, but always the same.
    single.sort(key=lambda one: hashlib.sha256(one.id.encode()).digest())
    cases: list[_Case] = []
    for number, one in enumerate(single[:_MOST], start=1):
        found = searcher.search(one.question, k=_DEPTH)
        both = with_and_without(one, found, JUDGED)
        if both is not None:
            language = searcher.language(one.question)
            with_it, without = (features(one.question, hits, language=language) for hits in both)
            cases.append((with_it, without))
        if progress is not None:
            progress(number, min(len(single), _MOST))
    return cases


def _turns(example: Example) -> int:
    return sum(one.role == "user" for one in example.messages)


def _learned(
    cases: Sequence[_Case], usual: Learned, before: Learned, refused: float
) -> Calibration:
    """The better of two at the same share of wrong refusals: own weights, or the usual ones."""
    # The usual weights know no similarities but the default embedder's; these know the expert's.
    rows = [[signals[name] for name in SIGNALS] for pair in cases for signals in pair]
    groups = [number for number in range(len(cases)) for _ in range(2)]
    fitted = fit(rows, [True, False] * len(cases), groups)
    own = Learned(dict(zip(SIGNALS, fitted.weights, strict=True)), fitted.bias, 0.0)
    candidates = [
        _with_threshold(own, fitted.held_out, refused),
        _with_threshold(usual, _told(usual, cases), refused),
    ]
    best, shares = max(candidates, key=lambda one: one[1][1])
    now = _shares(_told(before, cases), before.threshold)
    return Calibration(len(cases), *shares, now, best.weights == own.weights, best)


def _told(learned: Learned, cases: Sequence[_Case]) -> list[float]:
    return [learned.probability(signals) for pair in cases for signals in pair]


def _with_threshold(
    learned: Learned, told: Sequence[float], refused: float
) -> tuple[Learned, tuple[float, float]]:
    answerable = sorted(told[::2])
    threshold = answerable[int(refused * len(answerable))]
    return replace(learned, threshold=threshold), _shares(told, threshold)


def _shares(told: Sequence[float], threshold: float) -> tuple[float, float]:
    """What is refused of the questions that can be answered, and of those that cannot."""
    count = len(told) // 2
    return sum(one < threshold for one in told[::2]) / count, sum(
        one < threshold for one in told[1::2]
    ) / count


def _file(place: Workplace) -> Path:
    return place.derived / FILE
