"""From a table file to a computed answer with its rows cited, through `Expert`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pakar import Expert
from pakar.cli.main import app

SALES = """Shop,City,Staff,Revenue (USD),Opened
Alpha,Solo,5,1200.50,2019-03-01
Beta,Solo,8,900,2020-07-15
Gamma,Bogor,3,400.25,2021-01-10
Delta,Bogor,,650,2022-11-30
"""
INCOME = """,2023,2022
Interest income,"1,200","1,000"
Fee income,300,250
"""
NOTE = "# Opening hours\n\nThe shops open at nine in the morning and close at five.\n"
QUESTION = "How many shops are in Solo?"


@pytest.fixture
def expert(tmp_path: Path, testing_backend: None) -> Expert:
    made = Expert.create(tmp_path / "e", language_model="testing:none", embedder="testing:hash-64")
    folder = made.folder / "documents"
    folder.mkdir()
    (folder / "shops.csv").write_text(SALES, encoding="utf-8")
    (folder / "income.csv").write_text(INCOME, encoding="utf-8")
    (folder / "hours.md").write_text(NOTE, encoding="utf-8")
    assert not made.add(folder).failed
    return made


def test_a_number_is_computed_and_its_rows_are_quoted(expert: Expert) -> None:
    answer = expert.ask("What is the total revenue in Bogor?", route="extract")
    assert answer.text == "Total Revenue (USD) (City = Bogor): 1,050.25"
    assert answer.route == "extract"
    assert not answer.abstained
    computation = answer.computation
    assert computation is not None
    assert computation.query == (
        """SELECT sum("Revenue (USD)") AS value FROM "shops" WHERE "City" = 'Bogor'"""
    )
    assert computation.rows == ((1050.25,),)
    assert computation.cells == ("D4", "D5")
    assert [one.place for one in answer.citations] == ["A4:E4", "A5:E5"]
    for citation in answer.citations:
        text = expert.document(citation.document).text
        assert text[citation.start : citation.end] == citation.quote
        assert "Bogor" in citation.quote


def test_a_figure_of_a_statement_is_worked_out(expert: Expert) -> None:
    question = "What was the percentage change in fee income from 2022 to 2023?"
    answer = expert.ask(question, route="extract")
    assert answer.text == "Percentage change of Fee income from 2022 to 2023: 20%"
    assert answer.computation is not None
    assert answer.computation.query == "(B3 - C3) / C3 * 100"
    assert "300" in answer.citations[0].quote


def test_it_is_streamed_and_keeps_what_was_found(expert: Expert) -> None:
    stream = expert.stream(QUESTION, route="extract")
    assert "".join(stream) == stream.answer.text == "Number of rows (shops) (City = Solo): 2"
    assert stream.answer.hits
    assert stream.answer.timings.total > 0


def test_what_cannot_be_computed_is_answered_as_before(expert: Expert) -> None:
    for question in ("When do the shops open in the morning?", "How many shops have a café?"):
        answer = expert.ask(question, route="extract")
        assert answer.computation is None
        assert answer.hits or answer.abstained


def test_a_route_without_passages_computes_nothing(expert: Expert, tmp_path: Path) -> None:
    answers = tmp_path / "answers.txt"
    answers.write_text("Perhaps seven.\n", encoding="utf-8")
    settings = expert.folder / "pakar.toml"
    text = settings.read_text(encoding="utf-8").replace("testing:none", f"testing:{answers}")
    settings.write_text(text, encoding="utf-8")
    answer = Expert.open(expert.folder).ask(QUESTION, route="base")
    assert (answer.text, answer.computation) == ("Perhaps seven.", None)


def test_it_can_be_switched_off(expert: Expert) -> None:
    settings = expert.folder / "pakar.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("compute = true", "compute = false"), encoding="utf-8")
    assert Expert.open(expert.folder).ask(QUESTION, route="extract").computation is None


def test_a_changed_file_is_computed_anew(expert: Expert) -> None:
    assert expert.ask(QUESTION, route="extract").text.endswith(": 2")
    file = expert.folder / "documents" / "shops.csv"
    file.write_text(SALES + "Epsilon,Solo,2,10,2023-01-01\n", encoding="utf-8")
    expert.add()
    assert expert.ask(QUESTION, route="extract").text.endswith(": 3")
    expert.remove("documents/shops.csv")
    assert expert.ask(QUESTION, route="extract").computation is None


def test_the_command_shows_the_query(expert: Expert) -> None:
    asked = ["ask", QUESTION, "--route", "extract", "--expert", str(expert.folder)]
    shown = CliRunner().invoke(app, asked)
    assert "Computed with" in shown.output
    assert """FROM "shops" WHERE "City" = 'Solo'""" in " ".join(shown.output.split())
    document = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert document["computation"] == {
        "query": """SELECT count(*) AS value FROM "shops" WHERE "City" = 'Solo'""",
        "document": "documents/shops.csv",
        "table": "",
        "columns": ["value"],
        "rows": [[2]],
        "cells": ["A2:E2", "A3:E3"],
        "used": 2,
    }
