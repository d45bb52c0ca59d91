"""Statements: a figure a row, a period a column; what is worked out of them and what is not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from computing_tables import MakeTable
from hypothesis import given
from hypothesis import strategies as st

from pakar.computing.amounts import amount
from pakar.computing.compute import Worked, compute
from pakar.computing.statement import from_rows, statement
from pakar.computing.statement_telling import told_worked
from pakar.computing.tables import Table

HEADER = ["Column A", "2019", "2018", "2017"]
ROWS = [
    ["Revenue:", "", "", ""],
    ["License (1)", "$3,181", "$3,042", "$2,628"],
    ["Services", "1,877", "1,303", "927"],
    ["Total revenue", "$5,058", "$4,345", "$3,555"],
    ["Cost of services", "(760)", "(610)", "(505)"],
    ["Gross margin %", "23.6%", "25.0%", "26.0%"],
    ["Tax", "—", "12", "9"],
]


@pytest.fixture
def income(make_table: MakeTable) -> Table:
    return make_table("income", HEADER, ROWS)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("What was the change in license revenue from 2018 to 2019?", 139),
        ("What was the percentage change in services between 2018 and 2019?", "44.05"),
        ("What is the average services for 2018 and 2019?", 1590),
        ("What was the average license from 2017 to 2019?", "2950.33"),
        ("What is the sum of license in 2018 and 2019?", 6223),
        ("What is the ratio of services to license in 2019?", "0.59"),
        ("What were services as a percentage of total revenue in 2018?", "29.99"),
        ("What is the difference between license and services in 2019?", 1304),
        ("How many years did services exceed $1,000?", 2),
        ("What is the change in gross margin % from 2018 to 2019?", "-1.40"),
        ("Berapa perubahan license dari 2018 ke 2019?", 139),
        ("Berapa persentase kenaikan services dari 2018 ke 2019?", "44.05"),
        ("Berapa rata-rata services tahun 2018 dan 2019?", 1590),
    ],
)
def test_figures_are_worked_out(question: str, value: object, income: Table) -> None:
    language = "id" if question.startswith("Berapa") else "en"
    found = compute(question, [income], language).computed
    assert isinstance(found, Worked)
    number = found.formula.value()
    assert number is not None
    assert round(number, 2) == Decimal(str(value))


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What was the total revenue in 2018?", "Total revenue, 2018: $4,345"),
        ("What was the revenue in 2018?", "Total revenue, 2018: $4,345"),
        ("How much were services in 2017?", "Services, 2017: 927"),
        ("What was the gross margin % in 2019?", "Gross margin %, 2019: 23.6%"),
        ("What was the cost of services in 2018?", "Cost of services, 2018: -610"),
        ("In which year was license highest?", "License (2017, 2018, 2019), years asked for: 2019"),
        ("In which years were services above 1,000?",
         "Services (2017, 2018, 2019), years asked for: 2018, 2019"),
        ("What was services in 2018 and 2017 respectively?", "Services, 2017, 2018: 927, 1,303"),
    ],
)  # fmt: skip
def test_cells_are_looked_up(question: str, text: str, income: Table) -> None:
    found = compute(question, [income], "en").computed
    assert isinstance(found, Worked)
    assert told_worked(found) == text


@pytest.mark.parametrize(
    "question",
    [
        "What was the license revenue in 2021?",
        "What caused the change in license from 2018 to 2019?",
        "What was the change in license?",  # of which years?
        "What was the license revenue?",
        "What was the tax in 2019?",  # the cell says nothing
        "What is the average tax for 2018 and 2019?",
        "What was the percentage change in licenses sold in Europe from 2018 to 2019?",
        "What was the average cost of services in 2018 and 2019?",  # with its minus or without?
        "What was the increase in license from 2019 to 2018?",  # backwards
        "How much were license and services in 2019?",
        "What was the total license in 2018 and 2019 in thousands of euros?",
        "How did services do in 2019?",
    ],
)
def test_what_is_in_doubt_is_left_alone(question: str, income: Table) -> None:
    assert compute(question, [income], "en").computed is None


def test_the_rows_of_the_figures_are_its_places(income: Table) -> None:
    found = compute("What is the ratio of services to license in 2019?", [income], "en").computed
    assert isinstance(found, Worked)
    assert [one.place for one in found.places] == ["Sheet1!A4:D4", "Sheet1!A3:D3"]


def test_headers_of_several_rows_and_their_scale(make_table: MakeTable) -> None:
    table = make_table(
        "units",
        ["Column A", "Europe", "Column C", "Asia", "Column E"],
        [
            ["(in millions)", "2019", "2018", "2019", "2018"],
            ["Sales", "10", "8", "7", "5"],
            ["Orders", "3", "2", "4", "1"],
        ],
    )
    question = "What was the change in sales in Asia from 2018 to 2019?"
    found = compute(question, [table], "en").computed
    assert isinstance(found, Worked)
    assert told_worked(found) == "Change of Sales from Asia 2018 to Asia 2019: 2 (in millions)"
    assert compute("What were the sales in 2019?", [table], "en").computed is None


def test_a_list_of_things_is_no_statement(branches: Table) -> None:
    assert statement(branches, "en") is None


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("$ 93,662", "93662", "$"), ("$(53)", "-53", "$"), ("(114)", "-114", ""), ("7", "7", ""),
        ("23.6%", "23.6", "%"), ("(2.1% )", "-2.1", "%"), ("Rp1.250.000", "1250000", "Rp"),
        ("-4", "-4", ""), ("US$ 5", "5", "US$"), ("Rp 1.250.000,50", "1250000.50", "Rp"),
        (".5", "0.5", ""), ("−3.2", "-3.2", ""),
    ],
)  # fmt: skip
def test_amounts_as_cells_write_them(text: str, value: str, unit: str) -> None:
    found = amount(text)
    assert found is not None
    assert (found.value, found.unit) == (Decimal(value), unit)


@pytest.mark.parametrize("text", ["", "—", "N/A", "2019-01-01", "1 2", "5 kg more", "12,34", "nan"])
def test_what_is_no_amount(text: str) -> None:
    assert amount(text) is None


cells = st.one_of(st.none(), st.text(max_size=8), st.integers(-9999, 9999), st.floats())


@given(st.lists(st.lists(cells, min_size=4, max_size=4), max_size=8), st.text(max_size=40))
def test_any_grid_is_read_or_is_none(rows: list[list[object]], extra: str) -> None:
    placed = [[*row, f"A{at}", "d", at, at] for at, row in enumerate(rows)]
    found = from_rows([["", "2019", extra, "2018"]], placed, 4, "en")
    if found is not None:
        assert all(one.amounts for one in found.lines)
