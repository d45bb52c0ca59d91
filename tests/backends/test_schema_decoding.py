"""A model in this process is held to a JSON schema, whatever it would rather write."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("llguidance")

from tiny_llama import write_tiny_llama
from tiny_phi3 import write_tiny_phi3

from pakar.backends.transformers_lm import TransformersLanguageModel
from pakar.errors import CutOffError, ModelError
from pakar.ports import Generation
from pakar.types import Message

ASKED = [Message("user", "Which card?")]
Schema = dict[str, object]


@pytest.fixture(scope="module", params=["bytes", "phi3"])
def model(request, tmp_path_factory) -> TransformersLanguageModel:
    """Random weights, so that nothing but the schema makes the JSON."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "bytes":
        write_tiny_llama(folder, context=4096)
    else:
        write_tiny_phi3(folder)
    return TransformersLanguageModel(folder, f"path:{folder}", precision="float32")


def _fields(inner: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {"a": inner},
        "required": ["a"],
        "additionalProperties": False,
    }


def _write(model: TransformersLanguageModel, schema: Schema, seed: int, most: int = 200) -> object:
    wanted = Generation(most, temperature=1.0, seed=seed, schema=schema)
    return json.loads("".join(model.generate(ASKED, wanted)))


TEXT = st.builds(
    lambda most: (
        {"type": "string", "maxLength": most},
        lambda v: type(v) is str and len(v) <= most,
    ),
    st.integers(0, 12),
)
NUMBER = st.builds(
    lambda low, size: (
        {"type": "integer", "minimum": low, "maximum": low + size},
        lambda v: type(v) is int and low <= v <= low + size,
    ),
    st.integers(-300, 300),
    st.integers(0, 300),
)
CHOICE = st.builds(
    lambda names: ({"enum": names}, lambda v: v in names),
    st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=4),
)
YES = st.just(({"type": "boolean"}, lambda v: type(v) is bool))


@settings(max_examples=12, deadline=None)
@given(field=st.one_of(TEXT, NUMBER, CHOICE, YES), seed=st.integers(0, 99))
def test_every_answer_is_valid_json_of_the_schema(
    model: TransformersLanguageModel,
    field: tuple[Schema, Callable[[object], bool]],
    seed: int,
) -> None:
    schema, fits = field
    written = _write(model, _fields(schema), seed)
    assert isinstance(written, dict) and set(written) == {"a"}
    assert fits(written["a"]), written


def test_the_same_seed_writes_the_same(model) -> None:
    schema = _fields({"type": "string", "maxLength": 20})
    assert _write(model, schema, 3) == _write(model, schema, 3)


def test_a_list_of_objects_ends(model) -> None:
    inner = _fields({"enum": ["card", "loan"]})
    schema = {"type": "array", "items": inner, "minItems": 2, "maxItems": 3}
    written = _write(model, schema, 5)
    assert isinstance(written, list) and 2 <= len(written) <= 3
    assert all(one["a"] in ("card", "loan") for one in written)


def test_too_few_tokens_are_no_valid_answer(model) -> None:
    schema = _fields({"type": "string", "minLength": 200, "maxLength": 400})
    answer = model.generate(ASKED, Generation(12, schema=schema))
    with pytest.raises(CutOffError, match="cut off after 12 tokens") as raised:
        list(answer)
    assert "max_tokens" in raised.value.hint


def test_a_stop_string_inside_the_json_is_no_valid_answer(model) -> None:
    answer = model.generate(ASKED, Generation(99, stop=('"a"',), schema=_fields({"const": "b"})))
    with pytest.raises(CutOffError, match="stop string"):
        list(answer)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "strange"}, "strange"),
        ({"type": "object", "properties": {"a": False}, "required": ["a"]}, "nsatisfiable"),
        ({"type": "integer", "minimum": 5, "maximum": 3}, "nsatisfiable"),
        ({"enum": []}, "nsatisfiable"),
        ({"$ref": "#"}, "nothing satisfies it"),
        ({"$ref": "#/$defs/none"}, "does not exist"),
        ({"$ref": "http://example.com/x.json"}, "does not fetch"),
        ({"$ref": "file:///etc/passwd"}, "does not fetch"),
        ({"not": {}}, "not"),
        ({"type": "array", "uniqueItems": True}, "uniqueItems"),
        ({"type": "string", "pattern": "("}, "regex"),
        ({"type": "string", "default": float("nan")}, "no JSON"),
        ({"type": "string", "default": {1, 2}}, "no JSON"),
    ],
)
def test_a_wrong_schema_is_one_error_at_the_call(model, schema, reason) -> None:
    with pytest.raises(ModelError, match=reason) as raised:
        model.generate(ASKED, Generation(10, schema=schema))
    assert raised.value.hint
    assert "\n" not in str(raised.value)


def _nested(levels: int) -> Schema:
    schema: Schema = {"type": "string"}
    for _ in range(levels):
        schema = {"anyOf": [schema, {"type": "array", "items": schema}]}
    return schema


HOSTILE = {
    "deep": {"type": "object", "properties": {"a": {"items": None}}},
    "wide": {"properties": {f"key{number}": {"enum": ["x"] * 9} for number in range(3000)}},
    "doubling": _nested(30),
    "patterns": {
        "allOf": [{"type": "string", "pattern": f"^(a|b)*a(a|b){{{n}}}$"} for n in range(40)]
    },
    "eight patterns": {
        "allOf": [{"type": "string", "pattern": f"^(a|b)*a(a|b){{{n}}}$"} for n in range(8)]
    },
    "multiples": {"allOf": [{"type": "integer", "multipleOf": n} for n in (101, 103, 107)]},
    "large multiple": {"type": "integer", "multipleOf": 1_000_003},
    "product": {
        "allOf": [
            {"anyOf": [{"properties": {f"a{i}{j}": {"type": "string"}}} for j in range(6)]}
            for i in range(40)
        ]
    },
}
for _ in range(2000):
    HOSTILE["deep"] = {"type": "array", "items": HOSTILE["deep"]}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_schema_is_refused_in_time(model, name) -> None:
    started = time.perf_counter()
    with pytest.raises(ModelError) as raised:
        model.generate(ASKED, Generation(10, schema=HOSTILE[name]))
    assert time.perf_counter() - started < 3
    assert len(str(raised.value)) < 500


def test_two_answers_at_once_each_keep_their_grammar(model) -> None:
    first = model.generate(ASKED, Generation(60, schema=_fields({"const": "one"})))
    second = model.generate(ASKED, Generation(60, schema=_fields({"const": "two"})))
    begun = next(first)
    assert json.loads("".join(second)) == {"a": "two"}
    assert json.loads(begun + "".join(first)) == {"a": "one"}
