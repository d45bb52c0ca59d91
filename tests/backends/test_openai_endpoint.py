"""Endpoints that fail, stall, lie or break off: one clear error, no key in it."""

from __future__ import annotations

import json
import socket

import numpy as np
import pytest
from loopback import Reply, Request, serving

from pakar.backends.endpoint_client import EndpointClient
from pakar.backends.endpoint_embedder import EndpointEmbedder
from pakar.backends.endpoint_lm import DEFAULT_CONTEXT, EndpointLanguageModel
from pakar.backends.endpoint_spec import parse_endpoint
from pakar.errors import ConfigError, CutOffError, EndpointError, ModelError
from pakar.ports import Generation
from pakar.registry import open_embedder, open_language_model
from pakar.types import Message

KEY = "sk-very-secret-key"
QUESTION = [Message("user", "What is the fee?")]


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    monkeypatch.setenv("PAKAR_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def vectors_reply(request: Request, dimensions: int = 4) -> Reply:
    """Vectors that tell the text: its length in the first place, out of order on purpose."""
    texts = request.body["input"]
    data = [
        {"index": index, "embedding": [float(len(text)), 1.0] + [0.0] * (dimensions - 2)}
        for index, text in enumerate(texts)
    ]
    return Reply(body=json.dumps({"data": data[::-1]}).encode())


def events(*contents: object, done: bool = True) -> bytes:
    lines = [f"data: {json.dumps(content)}\n\n" for content in contents]
    return "".join([": a comment\n\n", *lines, "data: [DONE]\n\n" if done else ""]).encode()


def delta(text: str, finish: str | None = None) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


def test_vectors_come_in_the_order_of_the_texts_and_of_length_1() -> None:
    with serving(vectors_reply) as (url, seen):
        embedder = open_embedder(f"openai:m@{url}")
        texts = ["x" * (number + 1) for number in range(150)]
        vectors = embedder.embed(texts, "passage")
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(vectors[:, 0] / vectors[:, 1], np.arange(1, 151), rtol=1e-5)
    batches = [request for request in seen if len(request.body["input"]) > 1]
    assert len(batches) == 3
    assert seen[0].headers["Authorization"] == f"Bearer {KEY}"


def test_a_busy_endpoint_is_asked_again_when_it_says() -> None:
    replies = [
        Reply(429, b"slow down", {"Retry-After": "7"}),
        Reply(503, b"starting"),
    ]

    def answer(request: Request) -> Reply:
        return replies.pop(0) if replies else vectors_reply(request)

    waits: list[float] = []
    with serving(answer) as (url, seen):
        client = EndpointClient(url, sleep=waits.append)
        embedder = EndpointEmbedder(parse_endpoint(f"m@{url}"), client)
        assert embedder.info.dimensions == 4
    assert len(seen) == 3
    assert waits == [7.0, 1.0]


def test_an_endpoint_that_stays_broken_is_an_error_with_status_and_first_line() -> None:
    waits: list[float] = []
    with serving(lambda _: Reply(500, b"out of memory\nstack")) as (url, seen):
        client = EndpointClient(url, sleep=waits.append)
        with pytest.raises(EndpointError, match="status 500: out of memory$"):
            EndpointEmbedder(parse_endpoint(f"m@{url}"), client).embed(["a"], "passage")
    assert len(seen) == 5
    assert waits == [0.5, 1.0, 2.0, 4.0]


def test_a_wait_of_an_hour_is_not_waited() -> None:
    with serving(lambda _: Reply(429, b"quota", {"Retry-After": "3600"})) as (url, seen):
        with pytest.raises(EndpointError, match="429: quota"):
            open_embedder(f"openai:m@{url}").embed(["a"], "passage")
    assert len(seen) == 1


def test_a_refused_key_is_named_and_never_shown() -> None:
    body = f"Incorrect API key provided: {KEY}".encode()
    with serving(lambda _: Reply(401, body)) as (url, seen):
        with pytest.raises(EndpointError, match="401") as caught:
            open_embedder(f"openai:m@{url}").embed(["a"], "passage")
    assert len(seen) == 1
    assert KEY not in str(caught.value) + caught.value.hint
    assert "PAKAR_API_KEY" in caught.value.hint


def test_openais_key_never_travels_in_clear(monkeypatch) -> None:
    monkeypatch.delenv("PAKAR_API_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    from pakar.backends.endpoint_client import _key_for

    assert _key_for("https://api.openai.com/v1") == KEY
    assert _key_for("http://127.0.0.1:8000/v1") == KEY
    assert _key_for("http://models.example.com/v1") == ""


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"<html>", "no JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "vectors were asked for"),
        (b'{"data": [{"index": 0}]}', "not the form"),
        (b'{"data": [{"index": 0, "embedding": "AAAA"}]}', "not the form"),
        (b'{"data": [{"index": 0, "embedding": [[1.0]]}]}', "shape"),
        (b'{"data": [{"index": 0, "embedding": [0.0, 0.0]}]}', "zero or not finite"),
        (b'{"data": [{"index": 0, "embedding": [NaN, 1.0]}]}', "zero or not finite"),
        (
            b'{"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0]}]}',
            "1 vec",
        ),
    ],
)
def test_an_answer_of_another_form_is_an_error(body: bytes, problem: str) -> None:
    with serving(lambda _: Reply(body=body)) as (url, _seen):
        with pytest.raises(EndpointError, match=problem):
            open_embedder(f"openai:m@{url}").embed(["a"], "passage")


def test_another_number_of_dimensions_than_promised_is_an_error() -> None:
    with serving(vectors_reply) as (url, _seen):
        with pytest.raises(EndpointError, match="512 dimensions were expected"):
            open_embedder(f"openai:text-embedding-3-small@{url}?dimensions=512").embed(
                ["a"], "passage"
            )


def test_nobody_listening_is_an_error_that_names_the_url() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/v1"
        with pytest.raises(EndpointError, match="no answer") as caught:
            open_embedder(f"openai:m@{url}").embed(["a"], "passage")
    assert url in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ("jina-embeddings-v3", {"task": "retrieval.query"}),
        ("e5", {"input_type": "query"}),
        ("text-embedding-3-large", {}),
    ],
)
def test_named_presets_carry_the_role(spec: str, fields: dict[str, str]) -> None:
    dimensions = {"jina-embeddings-v3": 1024, "text-embedding-3-large": 3072, "e5": 4}[spec]
    with serving(lambda request: vectors_reply(request, dimensions)) as (url, seen):
        embedder = open_embedder(f"openai:{spec}@{url}")
        assert embedder.embed(["abc"], "query").shape == (1, dimensions)
    extra = {k: v for k, v in seen[-1].body.items() if k not in ("model", "input")}
    assert extra == fields
    assert seen[-1].body["input"] == ["abc"]


def test_other_e5_models_get_their_prefix_in_the_text() -> None:
    with serving(vectors_reply) as (url, seen):
        open_embedder(f"openai:intfloat/multilingual-e5-large@{url}").embed(["abc"], "query")
    assert seen[-1].body["input"] == ["query: abc"]


def test_chosen_dimensions_are_asked_for() -> None:
    with serving(lambda request: vectors_reply(request, 512)) as (url, seen):
        embedder = open_embedder(f"openai:text-embedding-3-small@{url}?dimensions=512")
        assert embedder.info.dimensions == 512
        embedder.embed(["a"], "passage")
    assert seen[-1].body["dimensions"] == 512


def test_a_passage_over_the_limit_is_refused_and_a_query_is_split() -> None:
    long = "a long question about fees " * 100
    with serving(vectors_reply) as (url, seen):
        embedder = open_embedder(f"openai:m@{url}")
        with pytest.raises(ModelError, match="longer than the 512"):
            embedder.embed([long], "passage")
        assert embedder.embed([long, "b"], "query").shape == (2, 4)
    assert "".join(seen[-1].body["input"][:-1]) == long


@pytest.mark.parametrize(
    "spec",
    [
        "openai:m",
        "openai:@http://h/v1",
        "openai:m@ftp://h/v1",
        "openai:m@http://",
        "openai:m@http://user:secret@h/v1",
        "openai:m@http://h/v1?dimension=3",
        "openai:m@http://h/v1?dimensions=many",
        "openai:m@http://h/v1?dimensions=0",
        "openai:m@http://h/v1?dimensions=3",
        "openai:m@http://h/v1?api_key=secret",
    ],
)
def test_a_malformed_spec_is_a_config_error_without_its_secret(spec: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_embedder(spec)
    assert caught.value.hint
    assert "secret" not in str(caught.value) + caught.value.hint


def test_a_schema_holds_the_answer_to_its_form() -> None:
    with serving(lambda _: Reply(body=events(delta("{}", "stop")))) as (url, seen):
        model = open_language_model(f"openai:small@{url}")
        schema = {"type": "object"}
        "".join(model.generate([Message("user", "?")], Generation(schema=schema)))
        "".join(model.generate([Message("user", "?")], Generation()))
    asked = [request.body for request in seen if "messages" in request.body]
    assert asked[0]["response_format"]["json_schema"]["schema"] == schema
    assert "response_format" not in asked[1]


def test_json_that_was_cut_off_is_no_answer() -> None:
    with serving(lambda _: Reply(body=events(delta('{"a": "b', "length")))) as (url, _):
        model = open_language_model(f"openai:small@{url}")
        with pytest.raises(CutOffError, match="cut off"):
            "".join(model.generate(QUESTION, Generation(4, schema={"type": "object"})))
        assert "".join(model.generate(QUESTION, Generation(4))) == '{"a": "b'


def test_an_answer_streams_and_the_request_is_what_was_asked() -> None:
    body = events(delta("The fee"), {"choices": [], "usage": {}}, delta(" is 5€.", "stop"))
    with serving(lambda _: Reply(body=body)) as (url, seen):
        model = open_language_model(f"openai:phi@{url}?context=8192")
        settings = Generation(max_tokens=9, temperature=0.5, seed=3, stop=("\n",))
        assert list(model.generate(QUESTION, settings)) == ["The fee", " is 5€."]
        assert model.info.context_tokens == 8192
    assert seen[0].body == {
        "model": "phi",
        "messages": [{"role": "user", "content": "What is the fee?"}],
        "stream": True,
        "temperature": 0.5,
        "seed": 3,
        "max_tokens": 9,
        "stop": ["\n"],
    }


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply(body=events(delta("The"), done=False), cut=True), "broke off"),
        (Reply(body=events(delta("The"), done=False)), "ended before the answer"),
        (Reply(body=events(delta("The"))), "ended before the answer"),
        (Reply(body=events(delta("The"), {"error": {"message": "out of memory"}})), "out of mem"),
        (Reply(body=events(delta("The")).replace(b"[DONE]", b"{oops")), "no JSON"),
        (Reply(body=events(delta("The"), ["x"])), "no object"),
        (Reply(body=events(delta("The"), {"choices": ["x"]})), "choice that is no object"),
        (Reply(body=events(delta("The"), {"x": 1})), "without choices"),
    ],
)
def test_a_stream_that_breaks_is_an_error_after_what_came(reply: Reply, problem: str) -> None:
    with serving(lambda _: reply) as (url, _seen):
        pieces = open_language_model(f"openai:phi@{url}").generate(QUESTION, Generation())
        assert next(pieces) == "The"
        with pytest.raises(EndpointError, match=problem):
            list(pieces)


def test_an_unknown_model_is_an_error_at_the_call() -> None:
    with serving(lambda _: Reply(404, b'{"error": "no model phi"}')) as (url, _seen):
        with pytest.raises(EndpointError, match="404: .*no model phi"):
            open_language_model(f"openai:phi@{url}").generate(QUESTION, Generation())


def test_a_reader_who_stops_closes_the_connection() -> None:
    body = events(*[delta("x")] * 1000, delta("", "stop"))
    with serving(lambda _: Reply(body=body)) as (url, _seen):
        pieces = open_language_model(f"openai:phi@{url}").generate(QUESTION, Generation())
        next(pieces)
        pieces.close()


@pytest.mark.parametrize(
    ("path", "content", "context"),
    [
        ("/props", {"default_generation_settings": {"n_ctx": 1234}}, 1234),
        ("/v1/models", {"data": [{"id": "phi", "max_model_len": 777}]}, 777),
        ("/v1/models", {"data": [{"id": "other", "max_model_len": 777}]}, DEFAULT_CONTEXT),
        ("/nothing", {}, DEFAULT_CONTEXT),
    ],
)
def test_the_context_is_what_the_endpoint_offers(path, content, context) -> None:
    def answer(request: Request) -> Reply:
        if request.path == path:
            return Reply(body=json.dumps(content).encode())
        return Reply(404, b"")

    with serving(answer) as (url, _seen):
        assert open_language_model(f"openai:phi@{url}").info.context_tokens == context


def test_counts_bound_what_a_real_tokenizer_counts() -> None:
    from pathlib import Path

    tokenizers = pytest.importorskip("tokenizers")
    folder = Path(__file__).parent.parent / "data" / "phi3_tokenizer"
    real = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = EndpointLanguageModel(parse_endpoint("phi@http://127.0.0.1:9/v1"))
    for text in (
        "The replacement fee for a cheque book is Rp25,000 (incl. 11% VAT), see § 4.2.",
        "Biaya penggantian kartu debit ditanggung sepenuhnya oleh nasabah.",
        "Donaudampfschifffahrtsgesellschaft, Überweisungsgebühr",
        "支票簿的费用是多少？ 😀😀 0x1F600 --- ***",
        "def f(x):\n    return x ** 2  # comment",
    ):
        assert model.count_tokens([Message("user", text)]) >= len(real.encode(text).ids)
