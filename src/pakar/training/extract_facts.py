"""Rules for single facts: definitions, labelled lines ("Charges: 50"), cells of tables.

Knows lines, tables and templates; nothing of examples.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from pakar.language.sentences import sentence_spans
from pakar.language.terms import content_terms
from pakar.training.asking import Asking, asking, in_sentence, is_plural
from pakar.training.pairs import Pair
from pakar.training.sections import Line, lines_of, tables_of
from pakar.types import Document

_LABEL = re.compile(r"(?P<key>[^\W\d_][^:|?!.;\"“”]{1,48}):\s+(?P<value>\S.*)\Z")
_DEFINITION = {
    "en": re.compile(
        r"(?P<key>(?:(?:An?|The) )?[^\W\d_][\w'’&-]*(?: [\w'’&()-]+){0,5}?) "
        r"(?P<verb>is an?|is the|are the|means|refers to|stands for) (?P<rest>.{10,})\Z"
    ),
    "id": re.compile(
        r"(?P<key>[^\W\d_][\w'-]*(?: [\w'()-]+){0,5}?) (?P<verb>adalah|ialah|merupakan) "
        r"(?P<rest>.{10,})\Z"
    ),
}
_POINTER = re.compile(
    r"(?:this|that|these|those|it|there|here|he|she|they|we|you|your|our|my|i|its|their|if|when|in|"
    r"on|at|for|with|each|every|all|both|one|what|which|who|how|why|ini|itu|hal|hal ini|kami|kita|"
    r"anda|jika|bila|dalam|untuk|yang)\b",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"(?:note|notes|tip|tips|example|important|catatan|contoh|penting|disclaimer)\Z", re.I
)
# First columns that only say that a name stands in them.
_NAMING = re.compile(
    r"(?:feature|attribute|parameter|item|particulars?|specification|spec|details?|aspect|"
    r"category|criteria|fitur|rincian|kategori|uraian)s?\Z",
    re.IGNORECASE,
)
_TERMS = re.compile(r"(?:term|terms|istilah)\Z", re.IGNORECASE)
_COUNTING = re.compile(r"(?:#|no\.?|s\.?\s?no\.?|sr\.?\s?no\.?|nomor)\Z", re.IGNORECASE)
_NOTHING = frozenset({"", "-", "–", "—", "n/a", "na", "none", "nil", "tbd", "*"})
_LONGEST_KEY = 8
_LONGEST_NOUN = 3
_PARENTHESIS = re.compile(r"\s*\([^)]*\)\s*\Z")
_PLAIN = re.compile(r"[\w’'-]+(?: [\w’'-]+)*\Z")
_STEP = re.compile(r"(?:step|langkah|option|opsi)\s*\d", re.IGNORECASE)
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_LIST_NUMBER = re.compile(r"\(?\d{1,3}[.)]\s+")
# A label that begins so tells the reader to do something; it names nothing.
_ACTION = re.compile(
    r"(?:call|visit|check|submit|pay|enter|select|set|review|choose|open|contact|track|confirm|"
    r"no|zero|free|without|tanpa|bebas|maintain|report|use|know|get|keep|download|chat|send|request|add|hubungi|kunjungi|buka|pilih)"
    r"\b",
    re.IGNORECASE,
)


def definitions(document: Document) -> Iterator[Pair]:
    """Sentences that say what something is, of things that the headings above them name."""
    words = asking(document.language)
    pattern = _DEFINITION.get(document.language)
    if words is None or pattern is None:
        return
    for line in lines_of(document):
        if line.kind or line.item:
            continue
        for start, end in sentence_spans(line.text, document.language)[:1]:
            match = pattern.match(line.text[start:end])
            if match is None or _POINTER.match(match["key"]):
                continue
            key = _subject(match["key"])
            if not _is_named(key, document, line):
                continue
            verb = "are" if is_plural(key) and match["verb"] == "are the" else "is"
            question = words.definition.format(verb=verb, key=key)
            yield Pair(question, line.text[start:end], line.start + start, line.start + end)


def labels(document: Document) -> Iterator[Pair]:
    """Lines such as "- Tenure: 12 to 84 months", asked by their label and what it belongs to."""
    words = asking(document.language)
    if words is None:
        return
    lines = [line for line in lines_of(document) if line.kind != "row"]
    found = [(number, match) for number, line in enumerate(lines) if (match := _label(line))]
    counts = Counter(match["key"].casefold() for _, match in found)
    names = Counter(_LIST_NUMBER.sub("", line.text, count=1).casefold() for line in lines)
    for number, match in found:
        line, key = lines[number], match["key"].strip()
        if counts[key.casefold()] == 1:
            yield _pair(_key_question(key, document, words), line)
            continue
        owner = _owner(lines, number)
        if owner and names[owner.casefold()] <= 1 and words.measures.search(key):
            given = words.given.format(
                column=in_sentence(key), title=_bare(document.title), row=owner
            )
            yield _pair(given, line)


def cells(document: Document) -> Iterator[Pair]:
    """The cells of tables, asked by column and row; of two-column tables, by the row's name."""
    words = asking(document.language)
    if words is None:
        return
    tables = list(tables_of(document))
    names = Counter(_row_name(row)[1].casefold() for table in tables for _, row in table)
    for table in tables:
        for line, row in table:
            named_by, name, rest = _row_name(row)
            if names[name.casefold()] > 1 or not _is_name(name):
                continue
            for column, value in rest:
                if value.casefold() in _NOTHING or len(column.split()) > 4:
                    continue
                question = _row_question(named_by, name, column, len(row), document, words)
                yield Pair(
                    question,
                    _cell_answer(named_by, name, column, value, len(row)),
                    line.start,
                    line.end,
                )


def _row_question(
    named_by: str, name: str, column: str, width: int, document: Document, words: Asking
) -> str:
    if width == 2 and _TERMS.match(named_by):
        return words.term.format(key=_bare(name), title=_bare(document.title))
    if width == 2 and _NAMING.match(named_by):
        return _key_question(name, document, words)
    title = _bare(document.title)
    if not words.measures.search(_PARENTHESIS.sub("", column)) or "/" in column:
        return words.stands.format(column=_bare(column), title=title, row=name)
    if "," in name:  # an address, which says enough by itself
        template = words.cells if is_plural(column) else words.cell
        return template.format(column=in_sentence(column), row=name)
    return words.given.format(column=in_sentence(column), title=title, row=name)


def _cell_answer(named_by: str, name: str, column: str, value: str, width: int) -> str:
    if width == 2 and (_NAMING.match(named_by) or _TERMS.match(named_by)):
        return f"{name}: {value}"
    return f"{column}: {value}"


def _row_name(row: list[tuple[str, str]]) -> tuple[str, str, list[tuple[str, str]]]:
    """(column, name, the other cells): the first column that does not only count."""
    first = 1 if _COUNTING.match(row[0][0]) and len(row) > 2 else 0
    name = _LIST_NUMBER.sub("", row[first][1], count=1)
    return row[first][0], name, row[first + 1 :]


def _is_name(name: str) -> bool:
    return name.casefold() not in _NOTHING and sum(map(str.isalpha, name)) >= 2 and len(name) < 90


def _label(line: Line) -> re.Match[str] | None:
    if line.kind == "heading" or "://" in line.text[:60]:
        return None
    match = _LABEL.match(line.text)
    if (
        match is None
        or len(match["key"].split()) > _LONGEST_KEY
        or _NOTE.match(match["key"].strip())
    ):
        return None
    # In running text a colon ends no label.
    if not (line.item or len(line.text.split()) <= 25) or _POINTER.match(match["key"]):
        return None
    is_name = match["key"][:1].isupper() and not _STEP.match(match["key"])
    return match if is_name else None


def _owner(lines: list[Line], number: int) -> str:
    """The item above a label that names what it belongs to: no label itself, and short."""
    for line in reversed(lines[max(number - 3, 0) : number]):
        if _label(line) is not None:
            continue
        is_name = line.item and not line.text.endswith((".", ":", "?", "!"))
        name = _LIST_NUMBER.sub("", line.text, count=1)
        is_name = is_name and all(word[:1].isupper() for word in _LONG_WORD.findall(name))
        return name if is_name and len(name.split()) <= 10 else ""
    return ""


def _key_question(key: str, document: Document, words: Asking) -> str:
    title = _bare(document.title)
    is_noun = len(key.split()) <= _LONGEST_NOUN and not _ACTION.match(key) and _PLAIN.match(key)
    if not is_noun or not words.measures.search(key):
        return words.said.format(key=_bare(key), title=title)
    template = words.whats if is_plural(key) else words.what
    return template.format(key=in_sentence(key), title=title)


def _pair(question: str, line: Line) -> Pair:
    return Pair(question, line.text, line.start, line.end)


def _subject(key: str) -> str:
    """A subject as it stands in a question: "A locker" stays, "Health insurance" is lowered."""
    first, _, rest = key.partition(" ")
    is_article = first.casefold() in ("a", "an", "the")
    is_name = not is_article and (not first[1:].islower() or rest[:1].isupper())
    return key if is_name else f"{first.lower()} {rest}".rstrip()


def _is_named(key: str, document: Document, line: Line) -> bool:
    """Whether the title or the headings above say all words of the subject."""
    above = f"{document.title} {' '.join(document.headings_at(line.start))}"
    named = set(content_terms(key, document.language))
    return bool(named) and named <= set(content_terms(above, document.language))


def _bare(text: str) -> str:
    return text.replace('"', "'").strip()
