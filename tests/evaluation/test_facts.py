"""Facts are found in whatever way they are written, and what is not there is not found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.evaluation.facts import dates, missing, numbers, required_recall, unsupported_numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("₹1,200.00 a year", ["1200"]),
        ("Rp 1.200 dan Rp1.200,50", ["1200", "1200.5"]),
        ("1,00,000 rupees", ["100000"]),
        ("1 200 000 and 12", ["1200000", "12"]),
        ("0.125 percent, 7.50%", ["0.125", "7.5"]),
        ("version A4 or 3G", []),
        ("007", ["7"]),
        ("۱۲۳", ["123"]),
        ("²", ["2"]),
        ("between 5-10", ["5", "10"]),
        ("1,2,3", ["1.2", "3"]),
    ],
)
def test_numbers_in_one_form(text: str, expected: list[str]) -> None:
    assert numbers(text) == expected


@pytest.mark.parametrize(
    "text",
    ["5 March 2024", "March 5, 2024", "on the 5th of March 2024", "5 Maret 2024", "2024-03-05",
     "05/03/2024", "5.3.2024", "Mar. 5, 2024"],
)  # fmt: skip
def test_a_date_in_many_forms_is_one_date(text: str) -> None:
    assert "2024-03-05" in dates(text)


@pytest.mark.parametrize(
    ("answer", "fact", "there"),
    [
        ("The fee is ₹1,200.", "1200", True),
        ("The fee is ₹1,200.", "₹1200.00", True),
        ("The fee is 12000.", "1200", False),
        ("Call the Zia assistant.", "zia ASSISTANT", True),
        ("Call Zia, your assistant.", "Zia assistant", False),
        ("It closed on 5 March 2024.", "2024-03-05", True),
        ("It closed on 6 March 2024.", "2024-03-05", False),
        ("Amazing", "Zia", False),
        ("", "Zia", False),
    ],
)
def test_a_required_fact_is_found_where_it_stands(answer: str, fact: str, there: bool) -> None:
    assert required_recall(answer, [fact]) == float(there)


def test_the_share_and_what_is_missing() -> None:
    answer = "Lockers cost 500 rupees."
    assert required_recall(answer, ["500", "rupees", "Mumbai", "2024"]) == 0.5
    assert missing(answer, ["500", "Mumbai"]) == ["Mumbai"]
    with pytest.raises(ValueError, match="nothing"):
        required_recall(answer, [])


@given(st.integers(0, 10**12))
def test_every_way_to_group_a_number_is_the_same(number: int) -> None:
    forms = [f"{number}", f"{number:,}", f"{number:,}".replace(",", "."), f"{number}.00"]
    assert {one for form in forms for one in numbers(form)} == {str(number)}


@given(st.text(), st.lists(st.text(), min_size=1, max_size=3))
def test_any_text_has_a_share(answer: str, required: list[str]) -> None:
    assert 0 <= required_recall(answer, required) <= 1
    dates(answer)


@given(st.text(alphabet="abc 12.,5₹", max_size=40))
def test_a_text_has_its_own_numbers(text: str) -> None:
    assert unsupported_numbers(text, [text]) in (None, 0)


def test_numbers_that_no_passage_shows() -> None:
    shown = ["The fee is 1,200 rupees.", "Open from 9 to 17."]
    assert unsupported_numbers("It costs 1200.", shown) == 0
    assert unsupported_numbers("It costs 1300, from 9.", shown) == 0.5
    assert unsupported_numbers("It costs nothing.", shown) is None
    assert unsupported_numbers("1. Go there [2].\n2. Pay 1200.", shown) == 0
