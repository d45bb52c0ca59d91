"""Plants the truth and counts how often the verdict finds it; prints JSON.

    python benchmarks/planted_truth.py [--repetitions N] [--seed N]

Per-question results of several routes are simulated: routes share how hard a question is, so they
are correlated, and their true means are known. What is counted, per measure and number of
questions:

- none: all routes equal. How often a single winner was named (bar: at most 5%).
- two best: two equal routes lead three others by far. The same, and how often exactly these two
  were named.
- small: one route leads by half the smallest detectable difference. Too little to be seen for
  sure; a wrong winner must still be rare.
- large: one route leads by 1.5 times the smallest detectable difference (bar: named alone in at
  least 90%).
- detectable: two routes whose true difference is varied until four of five runs find it, against
  the stated smallest difference (bar: within 20%).

Measures: yes or no (McNemar's test); a share between 0 and 1, skewed as token F1 is; a mixture of
the two, as the score of an exam with unanswerable questions is.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pakar.evaluation.power import smallest_difference
from pakar.evaluation.tied import Sampling, Standing, stand

Values = NDArray[np.float64]
Draw = Callable[[np.random.Generator, Values, int], Values]
SIZES = (20, 40, 80, 160, 500)
ROUTES = ("a", "b", "c", "d", "e")
PAIRS = len(ROUTES) * (len(ROUTES) - 1) // 2
FLIPS = 1_999


def binary(source: np.random.Generator, means: Values, questions: int) -> Values:
    """1 where the route gets the question right; a question is hard or easy for all."""
    hard = source.beta(1.5, 1.5, questions)[:, None] - 0.5
    chance = np.clip(means[None, :] + 0.6 * hard, 0, 1)
    return (source.random((questions, len(means))) < chance).astype(float)


def share(source: np.random.Generator, means: Values, questions: int) -> Values:
    """Between 0 and 1, skewed, many low values; the mean of each route is exact."""
    hard = np.clip(means[None, :] + source.normal(0, 0.08, questions)[:, None], 0.02, 0.98)
    return source.beta(2 * hard, 2 * (1 - hard))


def mixture(source: np.random.Generator, means: Values, questions: int) -> Values:
    """One question in ten is yes or no, the others a share."""
    values = share(source, means, questions)
    few = max(1, questions // 10)
    values[:few] = binary(source, means, few)
    return values


MEASURES: dict[str, tuple[Draw, float]] = {
    "binary": (binary, 0.65), "share": (share, 0.65), "mixture": (mixture, 0.65)
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started = time.monotonic()
    rows = [
        measured(name, questions, options.repetitions, options.seed)
        for name in MEASURES
        for questions in SIZES
    ]
    seeable = [row for row in rows if row["seeable"]]
    worst = {
        "false_winner": max(
            max(row["none"], row["two_best_single"], row["small_wrong"]) for row in rows
        ),
        "right_set": min(min(row["large"], row["two_best_set"]) for row in seeable),
        "detectable_ratio": [
            min(row["detectable_ratio"] for row in rows),
            max(row["detectable_ratio"] for row in rows),
        ],
    }  # fmt: skip
    print(
        json.dumps(
            {
                "repetitions": options.repetitions,
                "routes": len(ROUTES),
                "rows": rows,
                "worst": worst,
                "seconds": round(time.monotonic() - started, 1),
            },
            indent=1,
        )
    )


def measured(name: str, questions: int, repetitions: int, seed: int) -> dict[str, float]:
    draw, base = MEASURES[name]
    source = np.random.default_rng([seed, questions, *name.encode()])
    spread = spread_of(draw, base)
    step = smallest_difference(questions, spread, comparisons=PAIRS, binary=name == "binary")
    level = np.full(len(ROUTES), base)
    far = min(1.5 * step, base - 0.02)
    two = np.array([base, base, *(base - far for _ in ROUTES[2:])])
    small, large = (
        np.array([base, *(base - size for _ in ROUTES[1:])]) for size in (step / 2, far)
    )

    def run(means: Values) -> list[Standing]:
        return [verdict(draw(source, means, questions)) for _ in range(repetitions)]

    none_, both, little, clear = run(level), run(two), run(small), run(large)
    stated, actual = detectable(draw, base, questions, repetitions, source)
    return {
        "measure": name,  # type: ignore[dict-item]
        "questions": questions,
        "none": share_of(none_, lambda one: len(one.tied) == 1),
        "two_best_single": share_of(both, lambda one: len(one.tied) == 1),
        "two_best_set": share_of(both, lambda one: set(one.tied) == {"a", "b"}),
        "planted": round(far, 3),
        "seeable": far >= 1.5 * step - 1e-9,  # type: ignore[dict-item]
        "small_wrong": share_of(little, lambda one: len(one.tied) == 1 and one.tied != ("a",)),
        "large": share_of(clear, lambda one: one.tied == ("a",)),
        "detectable_stated": round(stated, 4),
        "detectable_actual": round(actual, 4),
        "detectable_ratio": round(stated / actual, 3),
    }  # fmt: skip


def verdict(values: Values) -> Standing:
    named = {name: values[:, index] for index, name in enumerate(ROUTES[: values.shape[1]])}
    return stand("score", named, sampling=Sampling(resamples=2, flips=FLIPS))


def share_of(standings: list[Standing], holds: Callable[[Standing], bool]) -> float:
    return round(sum(map(holds, standings)) / len(standings), 4)


def spread_of(draw: Draw, base: float) -> float:
    many = draw(np.random.default_rng(1), np.array([base, base]), 200_000)
    return float((many[:, 0] - many[:, 1]).std())


def detectable(
    draw: Draw, base: float, questions: int, repetitions: int, source: np.random.Generator
) -> tuple[float, float]:
    """The stated smallest difference (mean over runs, each from its own spread), and the true one.

    The true one is where the power, seen at several planted differences, crosses 0.8.
    """
    guess = smallest_difference(questions, spread_of(draw, base))
    power, stated, true = [], [], []
    for factor in (0.7, 0.85, 1.0, 1.15, 1.3, 1.5):
        means = np.array([base + factor * guess / 2, base - factor * guess / 2])
        # What the simulated routes truly differ by, where a bound of 0 or 1 cuts a little off.
        many = draw(np.random.default_rng(2), means, 200_000).mean(axis=0)
        true.append(many[0] - many[1])
        pairs = [verdict(draw(source, means, questions)).pairs[0] for _ in range(repetitions)]
        power.append(np.mean([one.differ for one in pairs]))
        stated.append(np.mean([one.detectable for one in pairs]))
    found = float(np.interp(0.8, np.maximum.accumulate(power), true))
    # What is stated at that difference: the spread changes with it.
    return float(np.interp(found, true, stated)), found


if __name__ == "__main__":
    main()
