"""Configurations of published models, so that a plan needs no hub: facts from known_models.json.

Only numbers, each entry with where it is known from. Finds a model by the last part of its spec
and knows no memory and no files of models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pakar.errors import ConfigError
from pakar.training.model_shape import ModelShape, read_shape

_COUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmbt]?)\s*", re.IGNORECASE)
_FACTORS = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_LARGEST = 10e12
_SMALLEST = 1e6


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A published model's configuration; `source` says where the numbers are from."""

    name: str
    config: Mapping[str, object]
    published_parameters: float
    source: str
    names: tuple[str, ...] = ()


@cache
def known_models() -> Mapping[str, KnownModel]:
    """All of them, by name."""
    text = resources.files("pakar.training").joinpath("known_models.json").read_text("utf-8")
    return {
        name: KnownModel(
            name,
            entry["config"],
            parameter_count(entry["published"]),
            entry["source"],
            tuple(entry.get("names", ())),
        )
        for name, entry in json.loads(text).items()
    }


def find_known(spec: str) -> KnownModel | None:
    """By the last part of the spec, letter case ignored; None where nothing is known."""
    short = re.split(r"[/\\:]", spec.rstrip("/\\"))[-1].partition("@")[0].lower()
    for known in known_models().values():
        if short == known.name or short in known.names:
            return known
    return None


def parameter_count(text: str) -> float:
    """ "70B", "3.8b", "135M" or "1000000". Raises ConfigError for anything else."""
    found = _COUNT.fullmatch(text)
    count = float(found[1]) * _FACTORS[found[2].lower()] if found else 0.0
    if not _SMALLEST <= count <= _LARGEST:
        raise ConfigError(
            f"{text!r:.40} is no number of parameters", hint="Write it as 70B, 3.8B or 135M."
        )
    return count


def shape_of_size(count: float) -> tuple[KnownModel, ModelShape]:
    """The known model of the nearest size, with as many of its layers as come nearest to `count`.

    Where the size is within 3%, its layers are left as they are.
    """
    shapes = {name: read_shape(one.config, name=name) for name, one in known_models().items()}
    name = min(shapes, key=lambda one: _ratio(shapes[one].parameters, count))
    known, shape = known_models()[name], shapes[name]
    if _ratio(shape.parameters, count) <= 1.03:
        return known, shape
    around = shape.parameters - shape.layers * shape.layer_parameters
    return known, shape.with_layers(max(1, round((count - around) / shape.layer_parameters)))


def _ratio(one: float, other: float) -> float:
    return max(one / other, other / one)
