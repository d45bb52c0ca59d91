"""The report is one file that needs nothing else, says the verdict, and interprets no text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from made_comparison import Made, made

from pakar.errors import ConfigError

HOSTILE = "<script>alert(1)</script> & \"quoted\" 'x' \x00 \u202e | `*_ [a](javascript:1)"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br", "line", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


ROUTES = {
    "extract": Made(0.4, 0.1),
    "rag": Made(0.65, 7.0, fails=2),
    "rag+lora": Made(0.66, 8.0, training=900.0),
}


def parsed(page: str) -> _Tags:
    tags = _Tags()
    tags.feed(page)
    assert not tags.open
    return tags


def test_the_page_is_whole_and_loads_nothing(tmp_path: Path) -> None:
    done = made(ROUTES)
    page = done.save(tmp_path / "deep" / "report.html").read_text(encoding="utf-8")
    tags = parsed(page)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(tags.tags)
    assert not {name for name, _ in tags.attributes} & {"src", "href", "onclick", "onload"}
    assert "url(" not in page and "@import" not in page
    assert f"<h1>{done.recommendation.verdict}</h1>" in page
    assert page.index("<h1>") < page.index("<h2>")


def test_every_route_reason_and_caveat_is_there(tmp_path: Path) -> None:
    done = made(ROUTES)
    page = re.sub(r"&#x27;", "'", done.save(tmp_path / "r.html").read_text(encoding="utf-8"))
    verdict = done.recommendation
    for line in (*verdict.reasons, *verdict.caveats, *verdict.would_change, *ROUTES):
        assert line.replace("<", "&lt;") in page


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    done = made({"extract": Made(0.4), HOSTILE: Made(0.7)}, answer=HOSTILE, notes=[HOSTILE])
    page = done.save(tmp_path / "r.html").read_text(encoding="utf-8")
    tags = parsed(page)
    assert "script" not in tags.tags
    assert "\x00" not in page and "\u202e" not in page
    markdown = done.save(tmp_path / "r.md").read_text(encoding="utf-8")
    assert "<script" not in markdown.replace("\\<", "")
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1


def test_the_json_is_the_contract(tmp_path: Path) -> None:
    done = made(ROUTES)
    found = json.loads(done.save(tmp_path / "r.json").read_text(encoding="utf-8"))
    assert found == json.loads(json.dumps(done.as_json()))
    assert {"questions", "routes", "pairs", "recommendation", "report"} <= set(found)
    route = found["routes"][0]
    assert {"name", "metrics", "latency_s", "memory_mb", "training_s"} <= set(route)
    assert {"mean", "low", "high"} <= set(route["metrics"]["score"])
    assert {"a", "b", "metric", "difference", "low", "high", "p"} <= set(found["pairs"][0])
    assert {"route", "tied", "reasons", "caveats"} <= set(found["recommendation"])
    assert len(found["pairs"]) == len(done.pairs)


def test_less_is_better_is_shown_as_measured() -> None:
    done = made(ROUTES)
    pair = done.evidence.standings["seconds"].pair("rag", "extract")
    assert pair is not None and pair.difference > 5
    assert done.evidence.standings["seconds"].leader == "extract"


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no \.pdf") as raised:
        made(ROUTES).save(tmp_path / "r.pdf")
    assert ".html" in raised.value.hint


@pytest.mark.parametrize("count", [1, 3, 12])
def test_few_questions_make_a_page_too(tmp_path: Path, count: int) -> None:
    parsed(made(ROUTES, count).save(tmp_path / "r.html").read_text(encoding="utf-8"))
