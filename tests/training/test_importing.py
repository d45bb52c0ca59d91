"""Others' training data is read; a wrong row is named and stops nothing; nothing crashes."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.errors import ExampleError
from pakar.training.importing import read_examples

Q, A = "What is the fee?", "It is 50 rupees."


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(
            {"messages": [{"role": "user", "content": Q}, {"role": "assistant", "content": A}]}
        ),
        json.dumps({"prompt": Q, "completion": A}),
        json.dumps({"instruction": Q, "input": "", "output": A}),
        json.dumps([{"instruction": Q, "input": "", "output": A}]),
        json.dumps({"conversations": [{"from": "human", "value": Q}, {"from": "gpt", "value": A}]}),
        f"question,answer\n{Q},{A}\n",
        f"\ufeffid;Question;Answer\r\n1;{Q};{A}\r\n",
        f'answer\tquestion\n"{A}"\t"{Q}"\n',
        f"pertanyaan,jawaban\n{Q},{A}\n",
    ],
)
def test_every_known_form(text: str) -> None:
    (found,) = read_examples(text, "data").examples
    assert (found.question, found.answer, found.origin) == (Q, A, "imported")
    assert (found.state, found.language) == ("accepted", "en")


def test_an_instructions_input_goes_below_it() -> None:
    text = json.dumps({"instruction": "Sum up:", "input": "Long text.", "output": "Short."})
    assert read_examples(text, "data").examples[0].question == "Sum up:\n\nLong text."


def test_wrong_rows_are_named_with_line_and_reason() -> None:
    good = json.dumps({"prompt": Q, "completion": A})
    rows = [
        good,
        "{broken",
        json.dumps({"prompt": Q, "completion": " "}),
        json.dumps({"prompt": 3, "completion": A}),
        json.dumps({"text": "x"}),
        json.dumps({"messages": [{"role": "user", "content": Q}]}),
        '{"prompt": "half \\ud800", "completion": "x"}',
        '{"prompt": "nul \\u0000", "completion": "x"}',
        "{" * 50_000,
        json.dumps({"prompt": "x" * 1_000_001, "completion": "x"}),
        good.replace("fee", "rate"),
    ]
    read = read_examples("\n".join(rows), "data.jsonl")
    assert len(read.examples) == 2
    said = {one.source.split(", ")[1]: one.error for one in read.failed}
    assert list(said) == [f"line {number}" for number in range(2, 11)]
    assert "completion is empty" in said["line 3"]
    assert "not a text" in said["line 4"]
    assert "no answer to learn" in said["line 6"]
    assert "half a character" in said["line 7"]


def test_a_csv_row_of_another_width_is_named_with_its_line() -> None:
    read = read_examples('question,answer\n"two\nlines?",yes\na,b,c\n,empty\nQ?,A\n', "x.csv")
    assert [one.question for one in read.examples] == ["two\nlines?", "Q?"]
    assert [one.source for one in read.failed] == ["x.csv, line 4", "x.csv, line 5"]


@pytest.mark.parametrize("text", ["", "  \n", "[1, 2", "a,b\n1,2\n", "[" * 100_000])
def test_a_file_of_no_known_form_is_one_error(text: str) -> None:
    with pytest.raises(ExampleError) as raised:
        read_examples(text, "data.txt")
    assert "data.txt" in str(raised.value)
    assert raised.value.hint


@given(st.text(max_size=200))
def test_no_text_crashes(text: str) -> None:
    for head in ("", "{", "[", "question,answer\n"):
        with contextlib.suppress(ExampleError):
            read_examples(head + text, "x")
