"""Fields that a model fills in from a text and its answer: a label, an amount, a name.

They are told by a JSON schema of one flat object. Knows the form of fields and their values; asks
a model for them through the port, and checks what comes, as an endpoint may ignore a schema.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pakar.answering.wording import Wording
from pakar.errors import ConfigError, CutOffError, ModelError
from pakar.ports import Generation, LanguageModel
from pakar.types import Message

Value = object
_MOST_FIELDS = 50
# A text without a bound of its own gets this one, lest a small model writes for ever.
_LONGEST_TEXT = 300
_TOKENS_A_FIELD = 24
_CHARACTERS_A_TOKEN = 3
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
}
_EXAMPLE = '{"type": "object", "properties": {"topic": {"enum": ["card", "loan"]}}}'
_ROOM = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that a field may have, and what it stands for ("" where nobody said)."""

    value: Value
    description: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `choices` are empty where its value is free; `schema` is its own JSON schema."""

    name: str
    schema: Mapping[str, object]
    description: str = ""
    choices: tuple[Choice, ...] = ()

    @property
    def is_label(self) -> bool:
        """Whether each of its values is described in words, so that meanings can be compared."""
        return len(self.choices) > 1 and all(
            isinstance(one.value, str) and one.description for one in self.choices
        )


@dataclass(frozen=True, slots=True)
class Fields:
    """All fields, in the schema's order."""

    listed: tuple[Field, ...]

    @property
    def schema(self) -> dict[str, object]:
        """What a model is held to: every field, nothing else, texts bounded."""
        return {
            "type": "object",
            "properties": {one.name: _bounded(one.schema) for one in self.listed},
            "required": [one.name for one in self.listed],
            "additionalProperties": False,
        }

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.listed)


def parse_fields(schema: object) -> Fields:
    """The fields of a JSON schema. Raises ConfigError for one that has no flat fields."""
    if not isinstance(schema, Mapping) or not isinstance(schema.get("properties"), Mapping):
        raise ConfigError("the schema is no object with properties", hint=f"Its form is {_EXAMPLE}")
    properties: Mapping[object, object] = schema["properties"]
    if not 1 <= len(properties) <= _MOST_FIELDS:
        raise ConfigError(
            f"the schema has {len(properties)} fields", hint=f"Give it 1 to {_MOST_FIELDS}."
        )
    return Fields(tuple(_field(str(name), inner) for name, inner in properties.items()))


def fill(
    fields: Fields, text: str, answer: str, *, model: LanguageModel, wording: Wording
) -> dict[str, Value]:
    """The fields' values by a model. `answer` is what was answered to the text, "" for nothing.

    Raises ModelError where what came is not of the schema (CutOffError where it was cut off).
    """
    settings = Generation(_tokens(fields), schema=fields.schema)
    described = "\n".join(_described(one) for one in fields.listed)
    room = model.info.context_tokens - settings.max_tokens - _ROOM
    asked = [Message("user", wording.fields(text, answer, described))]
    if model.count_tokens(asked) > room:
        raise ModelError(
            f"the text takes more than the {room} tokens that the model has room for",
            hint="Shorten the text, or use a model with a longer context.",
        )
    return checked(fields, "".join(model.generate(asked, settings)))


def checked(fields: Fields, written: str) -> dict[str, Value]:
    """The values in what a model wrote. Raises ModelError where they are not of the schema."""
    try:
        row = json.loads(written)
    except (ValueError, RecursionError) as error:
        raise CutOffError(
            "the model wrote no whole JSON for the fields",
            hint="Ask for fewer or shorter fields, or use a model that is held to a schema.",
        ) from error
    if not isinstance(row, dict) or set(row) != set(fields.names):
        raise _wrong("the model's JSON has other fields than the schema")
    for one in fields.listed:
        if not _fits(row[one.name], one):
            raise _wrong(f"the model's {one.name} is {row[one.name]!r:.60}")
    return {one.name: row[one.name] for one in fields.listed}


def _wrong(what: str) -> ModelError:
    return ModelError(what, hint="Use a model or endpoint that is held to a JSON schema.")


def _field(name: str, schema: object) -> Field:
    if not isinstance(schema, Mapping):
        raise ConfigError(f"the field {name!r} is {schema!r:.40}", hint=f"See {_EXAMPLE}")
    choices = _choices(name, schema)
    kinds = _kinds(schema)
    if not choices and (not kinds or not set(kinds) <= set(_TYPES)):
        raise ConfigError(
            f"the field {name!r} has the type {schema.get('type')!r:.40}",
            hint=f"Fields are flat: {', '.join(sorted(_TYPES))}, or an enum.",
        )
    return Field(name, schema, str(schema.get("description") or "").strip(), choices)


def _choices(name: str, schema: Mapping[str, object]) -> tuple[Choice, ...]:
    """From `enum`, or from `oneOf` with a `const` and a `description` each."""
    listed = schema.get("enum")
    if isinstance(listed, list) and listed:
        return tuple(Choice(value) for value in listed)
    described = schema.get("oneOf")
    if not isinstance(described, list):
        return ()
    if not all(isinstance(one, Mapping) and "const" in one for one in described):
        raise ConfigError(
            f"the field {name!r} has a oneOf without const",
            hint='Give each a value: {"const": "card", "description": "about a card"}',
        )
    return tuple(Choice(one["const"], str(one.get("description") or "")) for one in described)


def _kinds(schema: Mapping[str, object]) -> list[str]:
    kind = schema.get("type")
    return [kind] if isinstance(kind, str) else list(kind) if isinstance(kind, list) else []


def _bounded(schema: Mapping[str, object]) -> Mapping[str, object]:
    kinds = _kinds(schema)
    if "string" in kinds and not {"maxLength", "enum", "pattern", "format"} & set(schema):
        return {**schema, "maxLength": _LONGEST_TEXT}
    if "array" in kinds:
        items = schema.get("items")
        inner = _bounded(items) if isinstance(items, Mapping) else {"type": "string"}
        return {"maxItems": _ROOM, **schema, "items": inner}
    return schema


def _tokens(fields: Fields) -> int:
    """Room for the longest values that the schema allows, as far as that is known."""
    total = 0
    for one in fields.listed:
        longest = _bounded(one.schema).get("maxLength")
        total += _TOKENS_A_FIELD + len(one.name) // _CHARACTERS_A_TOKEN
        total += longest // _CHARACTERS_A_TOKEN if isinstance(longest, int) else 0
        total += _LONGEST_TEXT if "array" in _kinds(one.schema) else 0
    return total


def _described(field: Field) -> str:
    about = f": {field.description}" if field.description else ""
    lines = [f"- {field.name}{about}"]
    for one in field.choices:
        says = f" ({one.description})" if one.description else ""
        lines.append(f"  - {json.dumps(one.value, ensure_ascii=False)}{says}")
    return "\n".join(lines)


def _fits(value: Value, field: Field) -> bool:
    if field.choices:
        # By type too: true is no 1 here.
        known: Sequence[Value] = [one.value for one in field.choices]
        return any(one == value and type(one) is type(value) for one in known)
    kinds = _kinds(field.schema)
    if isinstance(value, bool):
        return "boolean" in kinds
    return any(isinstance(value, _TYPES[kind]) for kind in kinds)
