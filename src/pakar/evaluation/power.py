"""What a number of questions can show, and how many would show a difference.

For a paired comparison tested two-sided at a level that is shared among several comparisons. The
normal approximation with the t distribution's correction for few questions (Guenther, 1981).
Knows numbers only.
"""

from __future__ import annotations

import math
from statistics import NormalDist

LEVEL = 0.05
POWER = 0.8
# The standard deviation of paired differences where nothing was measured yet: between the middle
# of what the routes of the shipped example show on token F1 (0.2 to 0.35) and of yes or no
# measures (0.4 to 0.6). To be on the careful side.
ASSUMED_SPREAD = 0.4
_NORMAL = NormalDist()


def smallest_difference(
    questions: int,
    spread: float = ASSUMED_SPREAD,
    *,
    comparisons: int = 1,
    binary: bool = False,
) -> float:
    """The smallest mean difference that is found four times in five.

    `spread` is the standard deviation of the paired differences, `comparisons` how many tests
    share the level, `binary` says that each question is right or wrong. Infinite where so few
    questions cannot show any difference: even if one route wins them all, chance does the same
    with a probability of 2 / 2^questions.
    """
    share = LEVEL / comparisons
    if 2.0 ** (1 - questions) > share:
        return math.inf
    effective = max(questions - _small_sample(share), 1.0)
    # An exact test of yes or no moves in steps of whole questions.
    step = 1 / questions if binary else 0.0
    return _sought(share) * spread / math.sqrt(effective) + step


def questions_needed(
    difference: float,
    spread: float,
    *,
    comparisons: int = 1,
) -> int:
    """How many questions show a difference of this size four times in five."""
    if difference == 0 or spread == 0:
        raise ValueError("needs a difference and a spread other than 0")
    share = LEVEL / comparisons
    plain = (_sought(share) * spread / difference) ** 2
    fewest = math.ceil(1 - math.log2(share))
    return max(fewest, math.ceil(plain + _small_sample(share)))


def _sought(level: float) -> float:
    return _NORMAL.inv_cdf(1 - level / 2) + _NORMAL.inv_cdf(POWER)


def _small_sample(level: float) -> float:
    """The questions that it costs not to know the spread beforehand."""
    return _NORMAL.inv_cdf(1 - level / 2) ** 2 / 2
