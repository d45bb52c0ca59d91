"""Text that arrives token by token is the text, whatever the tokens cut through."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pakar.backends.token_stream import IncrementalDecoder, StopStrings

any_text = st.text(alphabet=st.sampled_from("ab é€😀日\n"), max_size=30)


def _bytes_to_text(tokens) -> str:
    return bytes(tokens).decode("utf-8", "replace")


@given(any_text)
def test_bytes_as_tokens_give_whole_characters(text: str) -> None:
    decoder = IncrementalDecoder(_bytes_to_text)
    pieces = [decoder.add(byte) for byte in text.encode()]
    pieces.append(decoder.finish())
    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)


@given(st.text(min_size=1, max_size=20), st.integers(1, 3))
def test_an_answer_cut_off_inside_a_character_loses_only_that_character(text, missing) -> None:
    encoded = text.replace("\ufffd", "").encode()
    decoder = IncrementalDecoder(_bytes_to_text)
    given_text = "".join([decoder.add(byte) for byte in encoded[:-missing]] + [decoder.finish()])
    assert given_text == encoded[:-missing].decode("utf-8", "ignore")


@given(any_text, st.lists(st.text("ab é", min_size=1, max_size=4), max_size=3), st.randoms())
def test_nothing_of_a_stop_string_is_given(text: str, stops: list[str], random) -> None:
    stream = StopStrings(stops)
    given_text = ""
    rest = text
    while rest and not stream.stopped:
        size = random.randint(1, len(rest))
        given_text += stream.add(rest[:size])
        rest = rest[size:]
    if not stream.stopped:
        given_text += stream.finish()
    found = [text.find(stop) for stop in stops if stop in text]
    # A stop string is seen when it is complete, so an overlapping later one can end first.
    assert text.startswith(given_text)
    assert not any(stop in given_text for stop in stops)
    assert stream.stopped == bool(found)
