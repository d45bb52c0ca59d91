"""What goes over the wire: requests, read strictly enough that nothing is ignored in silence, and
responses. Knows OpenAI's form and pakar's additions to it; nothing of how it is answered.

The form is that of OpenAI's API reference, chat completions, embeddings and models.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=200_000)]
StopText = Annotated[str, Field(min_length=1, max_length=200)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TextPart(_Sent):
    """A piece of a turn. Images and sound cannot be read."""

    type: Literal["text"]
    text: Text


class Turn(_Sent):
    """One turn. `citations`, `refusal` and the like, sent back by a client, are not read."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant"]
    content: Text | Annotated[list[TextPart], Field(max_length=100)] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class JsonSchema(_Sent):
    """A schema that the answer shall follow; `strict` or not, it is held to it."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    description: str = ""
    schema_: dict[str, object] = Field(alias="schema", default_factory=dict)
    strict: bool | None = None


class TextFormat(_Sent):
    type: Literal["text"]


class JsonFormat(_Sent):
    type: Literal["json_object"]


class SchemaFormat(_Sent):
    type: Literal["json_schema"]
    json_schema: JsonSchema


ResponseFormat = Annotated[TextFormat | JsonFormat | SchemaFormat, Field(discriminator="type")]


class StreamOptions(_Sent):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class ChatRequest(_Sent):
    """What is not listed here is refused; so is a value other than the only one that is offered."""

    model: Annotated[str, Field(min_length=1, max_length=300)]
    messages: Annotated[list[Turn], Field(min_length=1, max_length=1000)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: StopText | Annotated[list[StopText], Field(max_length=4)] | None = None
    response_format: ResponseFormat | None = None
    n: Literal[1] | None = None
    top_p: Literal[1] | None = None
    presence_penalty: Literal[0] | None = None
    frequency_penalty: Literal[0] | None = None
    logprobs: Literal[False] | None = None
    store: Literal[False] | None = None
    user: Annotated[str, Field(max_length=512)] | None = None
    metadata: dict[str, str] | None = None
    footnotes: Annotated[
        bool, Field(description="pakar's own: sources also as footnotes in the text.")
    ] = False


class CitationBody(BaseModel):
    """A span of a document that supports a span of the answer.

    `quote` is verbatim: the document's text from `start` to `end`, in code points; `answer_start`
    and `answer_end` delimit the supported sentence in the answer's text before any footnotes.
    `place` names a row: its cells in a sheet, or its key in a table.
    """

    document: str
    title: str
    page: int | None
    heading: str
    start: int
    end: int
    quote: str
    answer_start: int
    answer_end: int
    score: float
    place: str = ""


class ComputationBody(BaseModel):
    """How a number was computed, and not written by a model.

    `query` is for reading: SQL, or a formula of cells. `columns` and `rows` are its result, `cells`
    those of the table that it rests on, as the source calls them; of many, the first. `used` counts
    the rows that these are in, all of them.
    """

    query: str
    document: str
    table: str
    columns: list[str]
    rows: list[list[str | int | float | bool | None]]
    cells: list[str]
    used: int


class Sources(BaseModel):
    """pakar's additions to a message, and to the last chunk of a stream."""

    citations: list[CitationBody] | None = None
    unsupported: list[str] | None = None
    abstained: bool | None = None
    computation: ComputationBody | None = None


class AnswerMessage(Sources):
    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: str | None = None


class UsageBody(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


FinishReason = Literal["stop", "length"]


class Choice(BaseModel):
    index: int = 0
    message: AnswerMessage
    logprobs: None = None
    finish_reason: FinishReason


class Completion(BaseModel):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: UsageBody


class Delta(Sources):
    role: Literal["assistant"] | None = None
    content: str | None = None
    refusal: str | None = None


class ChunkChoice(BaseModel):
    index: int = 0
    delta: Delta
    logprobs: None = None
    finish_reason: FinishReason | None = None


class Chunk(BaseModel):
    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: UsageBody | None = None


class ErrorDetail(BaseModel):
    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """An error in OpenAI's form."""

    error: ErrorDetail


class EmbeddingsRequest(_Sent):
    model: Annotated[str, Field(min_length=1, max_length=300)]
    input: (
        Annotated[str, Field(min_length=1, max_length=200_000)]
        | Annotated[
            list[Annotated[str, Field(min_length=1, max_length=200_000)]],
            Field(min_length=1, max_length=512),
        ]
    )
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1)] | None = None
    user: Annotated[str, Field(max_length=512)] | None = None
    input_type: Annotated[
        Literal["passage", "query"],
        Field(description="pakar's own: whether the texts are sought, or seek."),
    ] = "passage"


class EmbeddingBody(BaseModel):
    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingUsage(BaseModel):
    prompt_tokens: int
    total_tokens: int


class EmbeddingsBody(BaseModel):
    object: Literal["list"] = "list"
    data: list[EmbeddingBody]
    model: str
    usage: EmbeddingUsage


class ModelBody(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelBody]
