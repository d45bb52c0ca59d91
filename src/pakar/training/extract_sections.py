"""Rules for headings and spoken questions: FAQ entries, "How to ...", headings with what they head.

Knows sections and templates; nothing of examples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pakar.language.terms import content_terms
from pakar.training.asking import Asking, asking
from pakar.training.pairs import Pair, pair_of
from pakar.training.sections import Line, Section, lines_of, sections_of
from pakar.types import Document

_NUMBERING = re.compile(r"(?:(?:step|langkah|bagian)\s*)?\(?\d+(?:\.\d+)*[.):]?\s+", re.IGNORECASE)
_QUESTION = re.compile(
    r"(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|may|"
    r"will|would|should|must|has|have|apa|apakah|siapa|kapan|di mana|dimana|berapa|bagaimana|"
    r"mengapa|kenapa|bisakah|bolehkah|haruskah)\b.*\?\Z",
    re.IGNORECASE | re.DOTALL,
)
_Q_LABEL = re.compile(r"(?:Q|Question|T|Tanya|Pertanyaan)\s*\d*\s*[.:)]\s*(?=\S)")
_A_LABEL = re.compile(r"(?:A|Answer|Ans|J|Jawab|Jawaban)\s*\d*\s*[.:)]\s*(?=\S)")
_INLINE_A = re.compile(r"(?<=\?)\s+(?:A|Answer|Ans|J|Jawab|Jawaban)\s*\d*\s*[.:)]\s*(?=\S)")
_HOW_TO = re.compile(r"how to (?P<verb>\w+)(?P<rest>.*)\Z", re.IGNORECASE)
_CARA = re.compile(r"cara (?P<rest>[a-z].*)\Z", re.IGNORECASE)
_YOUR = ((re.compile(r"\byourself\b", re.I), "myself"), (re.compile(r"\byour\b", re.I), "my"))
_LEAST_WORDS = 3
# A heading that calls on the reader heads no knowledge.
_CLOSING = re.compile(
    r"(?:need help|ready to|get started|contact us|apply now|hubungi kami|butuh bantuan)\b",
    re.IGNORECASE,
)


def spoken(document: Document) -> Iterator[Pair]:
    """Questions that stand in the document, with the lines that answer them."""
    words = asking(document.language)
    lines = [line for line in lines_of(document) if line.kind != "row"]
    for number, line in enumerate(lines):
        if line.kind == "heading":
            continue
        asked, inline = _inline(line)
        question = _unlabelled(asked)
        if not _is_question(question):
            continue
        answer = inline or _answer(lines[number + 1 :], question != line.text)
        if answer:
            yield pair_of(_standing_alone(question, document, words), answer)


def headed(document: Document) -> Iterator[Pair]:
    """Headings as questions: their own, "How do I ...?", or what is said under them."""
    words = asking(document.language)
    for section in sections_of(document):
        heading = _unlabelled(section.heading)
        if not section.lines or _CLOSING.match(heading) or _has_table(section):
            continue
        question = _heading_question(heading, section, document, words)
        lines = _before_faq(section.lines)
        if question and lines:
            yield pair_of(question, lines)


def _before_faq(lines: Sequence[Line]) -> list[Line]:
    """The lines up to the first that begins with "Q:"."""
    end = next((n for n, line in enumerate(lines) if _Q_LABEL.match(line.text)), len(lines))
    return list(lines[:end])


def _heading_question(
    heading: str, section: Section, document: Document, words: Asking | None
) -> str:
    how = _how(heading, document.language)
    if how or _is_question(heading):
        return _standing_alone(how or heading, document, words)
    if words is None:
        return ""
    # The first line of a numbered step means little without the others.
    is_step = heading != section.heading or section.level == 1
    # A line that ends with a colon promises what stands under the next heading.
    if is_step or not heading[:1].isalpha() or heading == document.title or _is_open(section):
        return ""
    if len(heading.split()) > 8 or '"' in heading:
        return ""
    return words.under.format(title=_quotable(document.title), heading=heading)


def _how(heading: str, language: str) -> str:
    match = _HOW_TO.match(heading) if language == "en" else None
    if match is not None and not re.search(r"\b(?:you|we|us|our)\b", heading, re.IGNORECASE):
        asked = f"How do I {match['verb'].lower()}{match['rest'].rstrip(' ?.:')}?"
        for pattern, mine in _YOUR:
            asked = pattern.sub(mine, asked)
        return asked
    match = _CARA.match(heading) if language == "id" else None
    return f"Bagaimana cara {match['rest'].rstrip(' ?.:')}?" if match is not None else ""


def _standing_alone(question: str, document: Document, words: Asking | None) -> str:
    """The question; with the document's title before it where it does not say what it is about."""
    title = set(content_terms(document.title, document.language))
    if words is None or title & set(content_terms(question, document.language)) or not title:
        return question
    return words.about.format(title=_quotable(document.title), question=question)


def _answer(following: Sequence[Line], labelled: bool) -> list[Line]:
    """The lines until the next question or heading; with "Q:" before it, from "A:" on."""
    found: list[Line] = []
    for line in following:
        if line.kind == "heading" or _is_question(_unlabelled(line.text)):
            break
        found.append(line)
    if not found:
        return []
    label = _A_LABEL.match(found[0].text)
    if label is None:
        # Without labels only a question of its own, followed by running text, is surely one.
        return [] if labelled or found[0].item else found[:1]
    first = found[0]
    cut = label.end()
    return [
        Line(first.text[cut:], first.start + cut, first.end, first.item),
        *found[1:],
    ]


def _inline(line: Line) -> tuple[str, list[Line]]:
    """ "Q: ...? A: ..." on one line: the question and the answer; else the whole line and none."""
    label = _Q_LABEL.match(line.text)
    cut = _INLINE_A.search(line.text) if label is not None else None
    if cut is None:
        return line.text, []
    rest = Line(line.text[cut.end() :], line.start + cut.end(), line.end, line.item)
    return line.text[: cut.start()].strip(), [rest] if rest.text else []


def _unlabelled(text: str) -> str:
    label = _Q_LABEL.match(text)
    return _NUMBERING.sub("", text[label.end() if label else 0 :], count=1).strip()


def _is_question(text: str) -> bool:
    return (
        _QUESTION.match(text) is not None
        and text.count("?") == 1
        and _LEAST_WORDS <= len(text.split()) <= 40
    )


def _has_table(section: Section) -> bool:
    return any(line.kind == "row" for line in section.lines)


def _is_open(section: Section) -> bool:
    """Whether the lines promise more than they say, or are a list of questions."""
    asks = any(_is_question(_unlabelled(line.text)) for line in section.lines)
    return asks or (
        section.lines[-1].text.endswith(":")
        or len(" ".join(line.text for line in section.lines).split()) < _LEAST_WORDS
    )


def _quotable(title: str) -> str:
    return title.replace('"', "'")
