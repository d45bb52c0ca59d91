"""Holds a model to a JSON schema while it writes: at each token, only those that can still lead
to a valid answer may be chosen.

The grammar and its masks are those of llguidance (Microsoft, MIT), as vLLM and llama.cpp use it.
Knows tokens and logits, no model. The JSON is written on one line, with a space behind `,` and
`:` as models are used to: were any white space allowed, a small model could write it for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from pakar.backends.extras import require
from pakar.backends.schema_limits import checked, refused
from pakar.errors import CutOffError, ModelError

if TYPE_CHECKING:
    import torch
    from llguidance import LLMatcher, LLTokenizer

# What the limits on schemas did not see coming ends here; an ordinary schema takes milliseconds.
_SECONDS = 5.0
_LAYOUT = {"whitespace_flexible": False, "key_separator": ": ", "item_separator": ", "}
_LARGEST_GRAMMAR = 50_000
_FIRST_FUEL = 500_000


class SchemaCompiler:
    """Makes guides for one tokenizer; reads the tokenizer at the first use."""

    def __init__(self) -> None:
        self._vocabulary: LLTokenizer | None = None
        self._lock = threading.Lock()

    def guide(
        self, schema: Mapping[str, object], tokenizer: str, stop_ids: frozenset[int]
    ) -> SchemaGuide:
        """`tokenizer` is the text of a tokenizer.json; `stop_ids` end an answer.

        Raises ModelError for a schema that is wrong, too large, or that nothing satisfies.
        """
        text = checked(schema)
        require("llguidance")
        with self._lock:
            if self._vocabulary is None:
                from llguidance import LLTokenizer

                self._vocabulary = LLTokenizer(tokenizer, eos_token=sorted(stop_ids))
        return SchemaGuide(_in_time(text, self._vocabulary))


class SchemaGuide:
    """Where one answer stands in its grammar."""

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher
        self._taken = 0

    def allowed(self, logits: torch.Tensor) -> torch.Tensor:
        """The logits, shape (vocabulary,), minus infinity where a token may not follow."""
        import torch

        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        self._check()
        known = np.unpackbits(bits, bitorder="little")[: len(logits)].astype(bool)
        mask = torch.zeros(len(logits), dtype=torch.bool)
        mask[: len(known)] = torch.from_numpy(known)
        return logits.masked_fill(~mask.to(logits.device), float("-inf"))

    def take(self, token: int, most: int) -> list[int]:
        """Goes on by a token; gives it and those that must follow, as there is no choice.

        At most so many in all: the model need not be asked for what is certain.
        """
        self._matcher.consume_token(token)
        self._check()
        forced: list[int] = self._matcher.compute_ff_tokens()[: most - 1]
        if forced:
            self._matcher.consume_tokens(forced)
            self._check()
        self._taken += 1 + len(forced)
        return [token, *forced]

    @property
    def finished(self) -> bool:
        """Whether nothing may follow any more."""
        return bool(self._matcher.is_stopped())

    def require_whole(self, *, stopped: bool = False) -> None:
        """Raises CutOffError where the JSON is not complete.

        `stopped` says that a stop string cut the text, whatever the tokens were.
        """
        if stopped or not self._matcher.is_accepting():
            why = "at a stop string" if stopped else f"after {self._taken} tokens"
            raise CutOffError(
                f"the answer was cut off {why}, before its JSON was complete",
                hint="Allow more tokens (max_tokens), or bound the schema's texts (maxLength).",
            )

    def _check(self) -> None:
        if self._matcher.is_error():
            reason = _first_line(self._matcher.get_error())
            raise ModelError(
                f"the answer could not be held to its JSON schema: {reason}",
                hint="Send a simpler schema.",
            )


def _in_time(text: str, vocabulary: LLTokenizer) -> LLMatcher:
    """The compiled schema, or an error after some seconds.

    The compiler cannot be stopped, but it holds no lock of Python's, so others go on.
    """
    made: list[LLMatcher | Exception] = []

    def work() -> None:
        try:
            made.append(_compiled(text, vocabulary))
        except Exception as error:  # the caller's thread raises it
            made.append(error)

    worker = threading.Thread(target=work, name="pakar-schema", daemon=True)
    worker.start()
    worker.join(_SECONDS)
    if not made:
        raise refused(f"compiling it took more than {_SECONDS:g} s")
    if isinstance(made[0], Exception):
        raise made[0]
    return made[0]


def _compiled(text: str, vocabulary: LLTokenizer) -> LLMatcher:
    from llguidance import LLMatcher, LLParserLimits

    limits = LLParserLimits(
        max_grammar_size=_LARGEST_GRAMMAR, initial_lexer_fuel=_FIRST_FUEL, verbose_errors=False
    )
    try:
        grammar = LLMatcher.grammar_from_json_schema(text, overrides=_LAYOUT)
    except ValueError as error:
        raise refused(_first_line(str(error))) from error
    matcher = LLMatcher(vocabulary, grammar, log_level=0, limits=limits)
    if matcher.is_error():
        raise refused(
            _first_line(matcher.get_error()),
            hint="See the keywords of JSON schema that docs/batch.md lists.",
        )
    matcher.compute_bitmask()
    if matcher.is_error() or matcher.is_stopped():
        raise refused("nothing satisfies it")
    return matcher


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[0][:200]
