"""OpenAI's own client and another one speak to the server as to any other."""

from __future__ import annotations

from pathlib import Path

import huggingface_hub
import openai
import pytest
from huggingface_hub import InferenceClient
from openai import OpenAI

QUESTION = "What does a cheque book cost?"
ASKED = [{"role": "user", "content": QUESTION}]
ANSWER = "A cheque book costs 50 rupees."


@pytest.fixture
def client(url: str) -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


def test_an_answer_has_its_sources(client: OpenAI) -> None:
    given = client.chat.completions.create(model="bank/rag", messages=ASKED)
    message = given.choices[0].message
    assert message.content == ANSWER
    assert given.choices[0].finish_reason == "stop"
    (citation,) = message.model_extra["citations"]
    assert citation["document"] == "documents/fees.md"
    assert citation["quote"] == ANSWER
    assert ANSWER[citation["answer_start"] : citation["answer_end"]] == ANSWER
    assert message.model_extra["unsupported"] == []


def test_a_stream_has_the_same_answer_and_sources(client: OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="bank/rag",
            messages=ASKED,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks[:-1]]
    assert "".join(pieces) == ANSWER
    assert len([piece for piece in pieces if piece]) > 3
    last = chunks[-2].choices[0]
    assert last.finish_reason == "stop"
    assert last.delta.model_extra["citations"][0]["quote"] == ANSWER
    assert chunks[-1].usage.completion_tokens == 6
    assert chunks[-1].usage.total_tokens == chunks[-1].usage.prompt_tokens + 6


def test_usage_counts_what_the_model_read_and_wrote(client: OpenAI) -> None:
    short = client.chat.completions.create(model="bank/base", messages=ASKED, max_tokens=3)
    assert short.usage.completion_tokens == 3
    assert short.choices[0].finish_reason == "length"
    assert short.choices[0].message.content == "A cheque book"
    long = client.chat.completions.create(model="bank/rag", messages=ASKED)
    assert long.usage.prompt_tokens > short.usage.prompt_tokens


@pytest.mark.parametrize("stream", [False, True])
def test_footnotes_stand_in_the_text_on_demand(client: OpenAI, stream: bool) -> None:
    for model, extra in [("bank/rag:footnotes", {}), ("bank/rag", {"footnotes": True})]:
        given = client.chat.completions.create(
            model=model, messages=ASKED, stream=stream, extra_body=extra
        )
        if stream:
            text = "".join(chunk.choices[0].delta.content or "" for chunk in given)
        else:
            text = given.choices[0].message.content
            assert text.startswith(f"{ANSWER} [1]")
        assert text.endswith(f"[1] documents/fees.md, Fees: “{ANSWER}”")


def test_each_route_is_a_model(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names == ["bank/rag", "bank/extract", "bank/base", "bank/auto", "bank/embeddings"]
    assert client.models.retrieve("bank/rag").id == "bank/rag"
    given = client.chat.completions.create(model="bank/extract", messages=ASKED)
    assert ANSWER in given.choices[0].message.content
    assert given.usage.total_tokens == 0


def test_turns_before_are_the_history(client: OpenAI) -> None:
    turns = [*ASKED, {"role": "assistant", "content": ANSWER}]
    given = client.chat.completions.create(
        model="bank/rag", messages=[*turns, {"role": "user", "content": "And when is it open?"}]
    )
    assert given.choices[0].message.content == ANSWER


@pytest.mark.parametrize(
    ("wrong", "status", "param"),
    [
        ({"model": "bank/none"}, 404, "model"),
        ({"n": 2}, 400, "n"),
        ({"top_p": 0.5}, 400, "top_p"),
        ({"temperature": 3}, 400, "temperature"),
        ({"tools": []}, 400, "tools"),
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "user", "content": " "}]}, 400, "messages"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 400, "messages"),
        (
            {"model": "bank/base", "messages": [{"role": "user", "content": "word " * 5000}]},
            400,
            None,
        ),
    ],
)
def test_what_cannot_be_is_refused_in_openais_form(
    client: OpenAI, wrong: dict[str, object], status: int, param: str | None
) -> None:
    extra = {key: wrong.pop(key) for key in ("tools",) if key in wrong}
    with pytest.raises(openai.APIStatusError) as refused:
        client.chat.completions.create(
            **{"model": "bank/rag", "messages": ASKED, **wrong}, extra_body=extra
        )
    assert refused.value.status_code == status
    assert refused.value.param == param
    assert refused.value.body["message"]


def test_embeddings_are_those_of_the_expert(client: OpenAI) -> None:
    texts = ["a cheque book", "the hours"]
    given = client.embeddings.create(model="bank/embeddings", input=texts)
    assert [len(one.embedding) for one in given.data] == [64, 64]
    plain = client.embeddings.create(model="bank/embeddings", input=texts, encoding_format="float")
    assert given.data[1].embedding == pytest.approx(plain.data[1].embedding, abs=1e-6)
    assert given.usage.prompt_tokens == 9
    with pytest.raises(openai.BadRequestError, match="reads 256"):
        client.embeddings.create(model="bank/embeddings", input="word " * 300)


def test_another_client_is_served_as_well(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    client = InferenceClient(base_url=f"{url}/v1", api_key="none")
    whole = client.chat_completion(ASKED, model="bank/rag", max_tokens=50)
    assert whole.choices[0].message.content == ANSWER
    pieces = client.chat_completion(ASKED, model="bank/rag", stream=True)
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == ANSWER


SCHEMA = {"type": "object", "properties": {"fee": {"type": "integer"}}, "required": ["fee"]}


def _format(schema: dict[str, object]) -> dict[str, object]:
    return {"type": "json_schema", "json_schema": {"name": "fee", "schema": schema}}


def test_an_answer_follows_its_schema_or_is_an_error(client: OpenAI, answers: Path) -> None:
    answers.write_text('{"fee": 50}\n{"fee": "fifty"}\n{"price": 50}\nfifty\n')
    asked = {"model": "bank/base", "messages": ASKED, "response_format": _format(SCHEMA)}
    given = client.chat.completions.create(**asked)
    assert given.choices[0].message.content == '{"fee": 50}'
    with pytest.raises(openai.UnprocessableEntityError, match="does not follow the schema"):
        client.chat.completions.create(**asked)
    with pytest.raises(openai.APIError, match="'fee' is a required property"):
        list(client.chat.completions.create(**asked, stream=True))
    asked["response_format"] = {"type": "json_object"}
    with pytest.raises(openai.UnprocessableEntityError, match="no JSON"):
        client.chat.completions.create(**asked)


def test_what_is_no_schema_is_refused_at_once(client: OpenAI) -> None:
    deep: dict[str, object] = {}
    for _ in range(400):
        deep = {"not": deep}
    for wrong in ({"type": "number?"}, {"properties": 3}, deep):
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(
                model="bank/base", messages=ASKED, response_format=_format(wrong)
            )
        assert refused.value.param == "response_format"


@pytest.mark.parametrize("stream", [False, True])
def test_words_instead_of_json_are_a_refusal(client: OpenAI, stream: bool) -> None:
    question = [{"role": "user", "content": "Who won the world cup of 1950?"}]
    given = client.chat.completions.create(
        model="bank/rag", messages=question, response_format=_format(SCHEMA), stream=stream
    )
    if stream:
        deltas = [chunk.choices[0].delta for chunk in given]
        assert not "".join(delta.content or "" for delta in deltas)
        refusal = deltas[-1].refusal
    else:
        assert given.choices[0].message.content is None
        refusal = given.choices[0].message.refusal
    assert refusal
