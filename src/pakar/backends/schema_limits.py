"""Which JSON schemas are compiled at all: a schema may come from a stranger.

The compiler bounds its own work, but not that of every regular expression: several that hold for
the same text, or a large `multipleOf`, multiply. The bounds here were found by trying: what passes
them compiles in well under a second (benchmarks/LOG.md). Knows JSON only, no compiler.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from pakar.errors import ModelError

MOST_CHARACTERS = 32_768
DEEPEST = 48
MOST_PATTERNS = 64
# Where several can hold for the same text.
MOST_COMBINED = 8
LARGEST_STEP = 10_000
_SIMPLER = "Send a smaller schema, with fewer levels, patterns and alternatives."
_COMBINING = frozenset({"allOf", "anyOf", "oneOf", "$ref", "$dynamicRef"})
_PATTERNS = frozenset({"pattern", "format", "multipleOf"})


def checked(schema: Mapping[str, object]) -> str:
    """The schema as JSON text. Raises ModelError where it is beyond the limits or no JSON."""
    _check_depth(schema)
    try:
        text = json.dumps(schema, ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise refused(f"it is no JSON: {error}") from error
    if len(text) > MOST_CHARACTERS:
        raise refused(f"it has {len(text):,} characters; the limit is {MOST_CHARACTERS:,}")
    keys = list(_keys(schema))
    patterns = sum(key in _PATTERNS for key, _ in keys) + sum(
        len(value) for key, value in keys if key == "patternProperties" and isinstance(value, dict)
    )
    most = MOST_COMBINED if any(key in _COMBINING for key, _ in keys) else MOST_PATTERNS
    if patterns > most:
        raise refused(f"it has {patterns} patterns, formats and multiples; the limit is {most}")
    step = math.prod(_step(value) for key, value in keys if key == "multipleOf")
    if step > LARGEST_STEP:
        raise refused(f"its multipleOf come to {step:,}; the limit is {LARGEST_STEP:,}")
    return text


def refused(reason: str, hint: str = _SIMPLER) -> ModelError:
    """The one error for every schema that no answer can be held to."""
    return ModelError(f"the JSON schema cannot be used: {reason:.300}", hint=hint)


def _check_depth(schema: object) -> None:
    """By level, not by recursion: what is too deep must not end the interpreter's stack."""
    level: list[object] = [schema]
    for _ in range(DEEPEST + 1):
        if not level:
            return
        level = [inner for one in level for inner in _inner(one)]
        if len(level) > MOST_CHARACTERS:
            raise refused(f"it has more than {MOST_CHARACTERS:,} values")
    raise refused(f"it is nested more than {DEEPEST} levels deep")


def _keys(schema: object) -> Iterator[tuple[str, object]]:
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            yield str(key), value
    for one in _inner(schema):
        yield from _keys(one)


def _inner(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, (list, tuple)) else []


def _step(value: object) -> int:
    """The whole number whose multiples an automaton has to count."""
    try:
        digits = Decimal(str(value)).normalize().as_tuple().digits
    except InvalidOperation:
        return 1  # no number: for the compiler to refuse
    return max(int("".join(map(str, digits[:30])) or "1"), 1)
