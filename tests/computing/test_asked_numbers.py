"""Questions about a table in English and Indonesian: what is computed, and what is left alone."""

from __future__ import annotations

from datetime import date

import pytest
from computing_tables import MakeTable

from pakar.computing.compute import Computed, compute
from pakar.computing.query import Condition, Query
from pakar.computing.sql import shown
from pakar.computing.tables import Table
from pakar.computing.telling import formatted, notes, told


def computed(question: str, *tables: Table, language: str = "en") -> Computed:
    outcome = compute(question, tables, language)
    assert isinstance(outcome.computed, Computed), outcome.reasons
    return outcome.computed


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("How many branches are in Jakarta?", [(2,)]),
        ("How many branches are there?", [(7,)]),
        ("What is the number of main branches?", [(3,)]),
        ("How many cities are there?", [(4,)]),
        ("How many employees work in Bandung?", None),
        ("What is the total number of employees in Bandung?", [(60,)]),
        ("What is the average monthly rent of main branches?", [(8700.0,)]),
        ("What is the highest monthly rent?", [(12500.0,)]),
        ("Which branch has the most employees?", [("Central", 64)]),
        ("Which branch has the lowest monthly rent?", [("Gubeng", 4150.0)]),
        ("Which city has the most branches?", [("Bandung", 2), ("Jakarta", 2), ("Surabaya", 2)]),
        ("What are the top 2 branches by employees?", [("Central", 64), ("Darmo", 51)]),
        ("How many branches have more than 30 employees?", [(4,)]),
        ("How many branches have 42 or more employees?", [(3,)]),
        ("How many branches have between 20 and 45 employees?", [(3,)]),
        ("How many branches opened before 2002?", [(3,)]),
        ("How many branches were opened in 2006?", [(1,)]),
        ("How many branches opened since September 2006?", [(3,)]),
        ("Which branches opened after 1 January 2010?", [("Cimahi",), ("Kuta",)]),
        ("How many branches are not in Jakarta?", [(5,)]),
        ("How many branches are in Jakarta or Bandung?", [(4,)]),
        ("What is the average number of employees per branch?", [(240 / 7,)]),
        ("How many employees are there in total?", [(240,)]),
        ("How many employees are there per type?", [("Main", 157), ("Sub", 83)]),
        ("How many branches have a monthly rent above $7k?", [(3,)]),
        ("When was Kuta opened?", [("Kuta", date(2018, 12, 3))]),
        ("How many branchs are in Surabay?", [(2,)]),
        ("How many branches are in Surabbaya?", [(2,)]),
    ],
)
def test_english(question: str, rows: list[tuple[object, ...]] | None, branches: Table) -> None:
    outcome = compute(question, [branches], "en").computed
    if rows is None:
        assert outcome is None
    else:
        assert isinstance(outcome, Computed)
        width = len(rows[0])
        assert [row[:width] for row in outcome.rows] == rows


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Berapa banyak cabang di Jakarta?", [(2,)]),
        ("Ada berapa cabang di luar Jakarta?", [(5,)]),
        ("Berapa jumlah karyawan di Bandung?", [(60,)]),
        ("Cabang mana yang memiliki karyawan paling banyak?", [("Central", 64)]),
        ("Kota mana yang cabangnya paling sedikit?", [("Denpasar", 1)]),
        ("Berapa rata-rata karyawan menurut kota?", [
            ("Bandung", 30.0), ("Denpasar", 10.0), ("Jakarta", 47.5), ("Surabaya", 37.5)]),
        ("Berapa banyak cabang yang dibuka sebelum tahun 2002?", [(3,)]),
        ("Berapa banyak cabang dengan karyawan lebih dari 30?", [(4,)]),
        ("Sebutkan 2 cabang dengan karyawan terbanyak.", [("Central", 64), ("Darmo", 51)]),
        ("Kapan cabang Kuta dibuka?", [("Kuta", date(2018, 12, 3))]),
    ],
)  # fmt: skip
def test_indonesian(question: str, rows: list[tuple[object, ...]], branches: Table) -> None:
    assert list(computed(question, branches, language="id").rows) == rows


@pytest.mark.parametrize(
    "question",
    [
        "",
        "?",
        "How many branches are in Jakarta? " * 100,
        "How do I open an account?",
        "How many branches have a wheelchair ramp?",
        "How many branches in Jakarta are closed on Sundays?",
        "What is the average salary?",
        "What is the median of the employees?",
        "Which branch has the second highest monthly rent?",
        "What is the rent in bandumg?",
        "How many branches are in Medan?",
        "Which branch is the friendliest?",
        "How many branches had more than 30 employees without parking?",
        "How many of them are in Jakarta?",
        "How many branches have more than 1.500 employees?",
        "How many employees does Jakarta not have?",
        "What is the difference between Jakarta and Bandung?",
        "Berapa rata-rata gaji karyawan?",
        "Cabang mana yang paling ramah?",
        "Berapa banyak cabang yang tidak punya ATM?",
        "SELECT count(*) FROM data",
        "How many branches are in Jakarta'; DROP TABLE data; --?",
    ],
)
def test_what_a_table_does_not_say_is_not_computed(question: str, branches: Table) -> None:
    outcome = compute(question, [branches], "en")
    assert outcome.computed is None
    assert outcome.reasons


def test_it_says_how_the_question_was_read(branches: Table) -> None:
    found = computed("How many branches in Jakarta have more than 40 employees?", branches)
    assert told(found) == "Number of rows (branches) (City = Jakarta; Employees > 40): 1"
    assert shown(found.query, "branches") == (
        """SELECT count(*) AS value FROM "branches" WHERE "City" = 'Jakarta' AND "Employees" > 40"""
    )
    assert [one.place for one in found.places] == ["Sheet1!A2:F2"]


def test_numbers_are_written_as_the_language_writes_them(branches: Table) -> None:
    assert told(computed("What is the total monthly rent?", branches)).endswith(": 43,250.5")
    indonesian = computed("Berapa total rent?", branches, language="id")
    assert told(indonesian).endswith(": 43.250,5")


def test_empty_cells_are_told(branches: Table) -> None:
    found = computed("What is the average monthly rent in Bandung?", branches)
    assert found.rows == ((6400.0,),)
    assert notes(found) == ("1 rows have no Monthly Rent (USD) and were left out",)


def test_long_answers_cite_their_first_rows(make_table: MakeTable) -> None:
    table = make_table("sales", ["Sale", "Price"], [[f"s{n}", n] for n in range(40)])
    found = computed("What is the total price?", table)
    assert (found.rows, len(found.places), found.used) == (((780,),), 12, 40)
    assert "40 rows" in notes(found)[0]


def test_a_name_of_two_columns_is_left_alone(make_table: MakeTable) -> None:
    table = make_table(
        "trips", ["Trip", "From", "To"], [["a", "Bogor", "Solo"], ["b", "Solo", "Bogor"]]
    )
    assert compute("How many trips are there with Bogor?", [table], "en").computed is None


def test_of_two_tables_the_named_one_answers_and_equal_ones_agree(make_table: MakeTable) -> None:
    rows = [["a", 1], ["b", 2]]
    loans = make_table("loans", ["Client", "Amount"], rows)
    cards = make_table("cards", ["Client", "Amount"], [["a", 5]])
    copy = make_table("copies", ["Client", "Amount"], rows)
    question = "What is the total amount per client?"
    assert compute(question, [loans, cards], "en").computed is None
    assert computed("What is the total amount of the loans?", loans, cards).rows == ((3,),)
    assert computed(question, loans, copy).rows == (("a", 1), ("b", 2))


def test_rows_that_sum_up_others_are_not_added(make_table: MakeTable) -> None:
    table = make_table("costs", ["Item", "Cost"], [["Rent", 10], ["Light", 5], ["Total", 15]])
    for asked in ("total", "average", "highest"):
        assert compute(f"What is the {asked} cost?", [table], "en").computed is None


def test_the_highest_city_by_row_and_by_sum_must_be_one(make_table: MakeTable) -> None:
    rows = [["Solo", 9], ["Bogor", 6], ["Bogor", 7]]
    table = make_table("sales", ["City", "Revenue"], rows)
    assert compute("Which city has the highest revenue?", [table], "en").computed is None
    assert computed("Which city has the highest total revenue?", table).rows == (("Bogor", 13),)


def test_spellings_of_case_are_one_value(make_table: MakeTable) -> None:
    table = make_table("shops", ["Shop", "City"], [["a", "Solo"], ["b", "SOLO"], ["c", "Bogor"]])
    found = computed("How many shops are in solo?", table)
    assert found.rows == ((2,),)
    assert found.query == Query("count", "", (Condition("City", "in", ("SOLO", "Solo")),))


@pytest.mark.parametrize("name", ['Co"st', "Cost'; DROP TABLE data", "Cost\nnew", "Cost ?"])
def test_hostile_names_and_cells_stay_names_and_cells(name: str, make_table: MakeTable) -> None:
    table = make_table("t", ["Item", name], [["'; DROP TABLE data; --", 5], ['"x"', 7]])
    outcome = compute(f"What is the average {name}?", [table], "en").computed
    assert outcome is None or outcome.result == ("(6.0,)",)
    looked_up = compute(f"What is the {name} of '; DROP TABLE data; --?", [table], "en").computed
    assert looked_up is None or "5" in str(looked_up.result)


def test_a_table_that_is_gone_is_no_answer(branches: Table) -> None:
    branches.path.unlink()
    outcome = compute("How many branches are in Jakarta?", [branches], "en")
    assert outcome.computed is None
    assert "t.csv" in outcome.reasons[0]


@pytest.mark.parametrize(
    ("value", "language", "expected"),
    [
        (137 / 3, "en", "45.6667"),
        (137 / 3, "id", "45,6667"),
        (-2.99999, "en", "-3"),
        (0.1 + 0.2, "en", "0.3"),
        (1 / 3, "en", "0.333333333333"),
        (1234567.5, "en", "1,234,567.5"),
        (2100.0, "en", "2,100"),
    ],
)
def test_a_long_fraction_is_rounded_and_not_cut(value: float, language: str, expected: str) -> None:
    assert formatted(value, language) == expected
