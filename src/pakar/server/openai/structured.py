"""Answers that have to follow a JSON schema: is it one, and does the answer follow it?

While it writes, the model is held to the schema by the back-end; here its result is checked, as an
endpoint may ignore what it was asked for. `pattern` is left to the back-end: a hostile one could
keep a checker busy for years.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pakar.errors import EndpointError, ModelError, ModelMissingError, PromptTooLongError
from pakar.server.problems import RequestError, problem_of
from pakar.types import Answer

Schema = Mapping[str, object]
_PARAM = "response_format"
_LEFT_OUT = ("pattern", "patternProperties")
_OTHER_CAUSES = (EndpointError, ModelMissingError, PromptTooLongError)


def check_schema(schema: Schema) -> None:
    """Raises RequestError (400) for what is no JSON schema (draft 2020-12)."""
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError) as error:
        reason = error.message if isinstance(error, SchemaError) else "it is nested too deeply"
        raise RequestError(
            f"no JSON schema: {reason:.300}", status=400, code="invalid_json_schema", param=_PARAM
        ) from error


def require_following(answer: Answer, schema: Schema) -> None:
    """Raises RequestError (422) for an answer that is no JSON of the schema. One that says that it
    does not know is none, and is a refusal."""
    if answer.abstained:
        return
    if problem := _problem(answer.text, schema):
        raise RequestError(
            f"the model's answer does not follow the schema: {problem:.300}",
            status=422,
            code="schema_not_satisfied",
            param=_PARAM,
            hint="Allow more tokens, or ask for a simpler schema.",
        )


def schema_problem(error: Exception) -> RequestError:
    """A failure of the back-end, where it was asked to hold a model to a schema."""
    if isinstance(error, ModelError) and not isinstance(error, _OTHER_CAUSES):
        return RequestError(
            str(error),
            status=422,
            code="schema_not_satisfied",
            param=_PARAM,
            hint=error.hint,
        )
    return problem_of(error)


def _problem(text: str, schema: Schema) -> str:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend
    from referencing import Registry

    try:
        value = json.loads(text)
        checker = extend(Draft202012Validator, dict.fromkeys(_LEFT_OUT, _anything))
        # An empty registry: a reference to elsewhere is not looked up, it is an error.
        found = next(checker(schema, registry=Registry()).iter_errors(value), None)
    except ValueError as error:
        return f"no JSON: {error}"
    except Exception as error:  # a reference that leads nowhere, or round in circles
        return f"the schema cannot be applied: {type(error).__name__}"
    return "" if found is None else str(found.message)


def _anything(*_: object) -> tuple[()]:
    return ()
