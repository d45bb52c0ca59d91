"""Reads HTML: headings, paragraphs, lists, tables, without what surrounds the content.

Knows HTML elements and which of them are navigation, furniture or hidden. Runs no script, loads
nothing, and applies no style sheet: only hidden-ness that an element itself declares is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pakar.documents.builder import TextBuilder
from pakar.documents.decoding import decode, naming, read_bytes
from pakar.documents.invisible import InvisibleText
from pakar.documents.numbering import NumberStyle, label
from pakar.documents.web_hidden import FEWEST_WORDS, take_out_hidden
from pakar.documents.web_nesting import disarmed
from pakar.documents.web_table import data_table
from pakar.errors import SourceError
from pakar.ports import Extracted

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_NEVER = frozenset(
    ["script", "style", "noscript", "template", "head", "svg", "iframe", "object", "embed",
     "canvas", "audio", "video", "button", "select", "input", "textarea", "datalist", "img",
     "picture", "annotation", "annotation-xml", "rp", "-comment", "!doctype"]
)  # fmt: skip
_FURNITURE = frozenset(["nav", "footer", "aside", "menu", "dialog"])
_FURNITURE_ROLES = frozenset(
    ["navigation", "banner", "contentinfo", "complementary", "search", "menu", "menubar", "dialog",
     "alertdialog", "toolbar"]
)  # fmt: skip
_BLOCKS = frozenset(
    ["address", "article", "aside", "blockquote", "body", "caption", "center", "details", "dialog",
     "div", "dl", "dt", "dd", "fieldset", "figcaption", "figure", "footer", "form", "header",
     "hgroup", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "p", "section", "summary",
     "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "optgroup", "option"]
)  # fmt: skip
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_DECLARED = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE
)
_ORDERED: dict[str, NumberStyle] = {
    "a": "lower-letter", "A": "upper-letter", "i": "lower-roman", "I": "upper-roman",
}  # fmt: skip


class HtmlReader:
    """Reads web pages saved as files (.html, .htm, .xhtml)."""

    def __init__(self, *, invisible_text: bool = False) -> None:
        """`invisible_text` keeps words that nobody sees."""
        self._invisible_text = invisible_text

    def read(self, path: Path) -> Extracted:
        """Raises SourceError where the file is no text or holds nothing to read."""
        data = read_bytes(path)
        declared = _DECLARED.search(data[:4096])
        charset = declared.group(1).decode("ascii", "replace") if declared else ""
        builder = TextBuilder()
        invisible = InvisibleText(keep=self._invisible_text)
        with naming(path):
            add_html(builder, decode(data, path.name, declared=charset), invisible)
        extracted = builder.extracted(warnings=invisible.warnings(at_least=FEWEST_WORDS))
        if not extracted.text:
            raise SourceError(
                f"{path.name}: holds no text outside scripts and pictures",
                hint="If the page is built by scripts, save it from a browser and add that file.",
            )
        return extracted


def add_html(builder: TextBuilder, markup: str, invisible: InvisibleText | None = None) -> None:
    """Adds the content of a page or a fragment; what it hides is told to `invisible`.

    Where everything stands inside navigation or other furniture, that is read after all. Raises
    SourceError where elements nest deeper than in any real page.
    """
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(disarmed(markup))
    take_out_hidden(tree, invisible or InvisibleText())
    root = _content_root(tree.body or tree.root)
    if root is not None:
        before = builder.is_empty
        _Walker(builder, furniture=False).walk(root)
        if before and builder.is_empty:
            _Walker(builder, furniture=True).walk(tree.body or root)
    title = tree.css_first("head > title")
    if not builder.title and title is not None:
        builder.title = " ".join(title.text().split())


def _content_root(body: LexborNode | None) -> LexborNode | None:
    """The page's one `main` element where it has one, else the body."""
    if body is None:
        return None
    mains = body.css("main, [role=main]")
    shown = [main for main in mains if not _is_hidden(main)]
    return shown[0] if len(shown) == 1 and shown[0].text(strip=True) else body


class _Walker:
    """Goes through a tree without recursion: hostile pages nest ten thousands deep."""

    def __init__(self, builder: TextBuilder, *, furniture: bool) -> None:
        self._builder = builder
        self._furniture = furniture
        self._words: list[str] = []
        self._headers = 0  # open around the current node
        self._bullet: str | None = None  # of the list item that is open; empty once written
        self._counters: list[tuple[int, NumberStyle] | None] = []
        self._term = ""
        self._broken = False

    def walk(self, root: LexborNode) -> None:
        stack: list[tuple[LexborNode, bool]] = [(root, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                self._leave(node)
            elif self._enter(node):
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(_children(node)))
        self._flush()

    def _enter(self, node: LexborNode) -> bool:
        """Takes in what a node says itself; true where its children are to be visited."""
        tag = node.tag or ""
        if tag == "-text":
            self._words.append(node.text_content or "")
            self._broken = self._broken and not (node.text_content or "").strip()
            return False
        if tag in _NEVER or _is_hidden(node) or self._is_skipped(node, tag):
            return False
        self._headers += tag == "header"
        if tag in _HEADINGS or tag in ("pre", "table", "br", "wbr", "dt"):
            return self._enter_special(node, tag)
        if tag in _BLOCKS:
            self._flush()
        if tag in ("ul", "ol", "menu"):
            self._counters.append(_counter(node, tag))
        elif tag == "li":
            self._open_item(node)
        elif tag == "q":
            self._words.append('"')
        return True

    def _is_skipped(self, node: LexborNode, tag: str) -> bool:
        """Furniture, and the menus beside a headline."""
        if self._furniture:
            return False
        return _is_furniture(node) or (self._headers > 0 and tag in ("ul", "ol"))

    def _enter_special(self, node: LexborNode, tag: str) -> bool:
        if tag == "br":
            if self._broken:
                self._flush()
            self._words.append(" ")
            self._broken = True
        elif tag == "pre":
            self._flush()
            for line in _plain_text(node).splitlines():
                self._builder.item(line, bullet="")
        elif tag == "dt":
            self._flush()
            self._term = f"{self._term}, {_plain_text(node)}" if self._term else _plain_text(node)
        elif tag == "table":
            return self._table(node)
        elif tag in _HEADINGS:
            self._flush()
            self._builder.heading(_plain_text(node), _HEADINGS[tag])
        return False

    def _table(self, node: LexborNode) -> bool:
        self._flush()
        table = data_table(node, _plain_text)
        if table is None:
            return True  # it only places text on the page: its cells are read as blocks
        caption = next((c for c in _children(node) if c.tag == "caption"), None)
        if caption is not None:
            self._builder.paragraph(_plain_text(caption))
        self._builder.table(*table)
        return False

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "q":
            self._words.append('"')
        if tag not in _BLOCKS:
            return
        self._headers -= tag == "header"
        self._flush()
        if tag in ("ul", "ol", "menu") and self._counters:
            self._counters.pop()
        elif tag == "li":
            self._bullet = "" if self._counters and len(self._counters) > 1 else None
        elif tag == "dd":
            self._term = ""
        elif tag == "dl" and self._term:
            self._builder.item(self._term)
            self._term = ""

    def _open_item(self, node: LexborNode) -> None:
        counter = self._counters[-1] if self._counters else None
        if counter is None:
            self._bullet = "-"
            return
        number, style = counter
        number = _integer(node.attributes.get("value"), number)
        self._bullet = f"{label(number, style)}."
        self._counters[-1] = (number + 1, style)

    def _flush(self) -> None:
        """Writes the words collected so far as one block."""
        text = " ".join("".join(self._words).split())
        self._words.clear()
        self._broken = False
        if not text:
            return
        if self._term:
            self._builder.item(f"{self._term}: {text}")
            self._term = ""
        elif self._bullet is not None:
            self._builder.item(text, bullet=self._bullet)
            self._bullet = ""
        else:
            self._builder.paragraph(text)


def _children(node: LexborNode) -> list[LexborNode]:
    return list(node.iter(include_text=True))


def _plain_text(node: LexborNode) -> str:
    """All visible words below a node; elements that stand as blocks are kept apart by spaces."""
    return "".join(_visible(node)).strip()


def _visible(root: LexborNode) -> Iterator[str]:
    stack: list[LexborNode | str] = list(reversed(_children(root)))
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
            continue
        tag = node.tag or ""
        if tag == "-text":
            yield node.text_content or ""
        elif tag == "br":
            yield "\n"
        elif tag not in _NEVER and not _is_hidden(node):
            apart = tag in _BLOCKS or tag in _HEADINGS
            stack.extend([" "] if apart else [])
            stack.extend(reversed(_children(node)))
            stack.extend([" "] if apart else [])


def _is_furniture(node: LexborNode) -> bool:
    tag = node.tag or ""
    if tag == "header":
        # A header is furniture unless it holds the page's own headline.
        return node.css_first("h1") is None
    return tag in _FURNITURE or (node.attributes.get("role") or "").lower() in _FURNITURE_ROLES


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    if not attributes:
        return False
    if "hidden" in attributes or (attributes.get("aria-hidden") or "").lower() == "true":
        return True
    return _HIDDEN_STYLE.search(attributes.get("style") or "") is not None


def _counter(node: LexborNode, tag: str) -> tuple[int, NumberStyle] | None:
    if tag != "ol":
        return None
    style = _ORDERED.get(node.attributes.get("type") or "", "decimal")
    return _integer(node.attributes.get("start"), 1), style


def _integer(text: str | None, default: int) -> int:
    cleaned = (text or "").strip()
    return int(cleaned) if cleaned.isascii() and cleaned.isdigit() and len(cleaned) < 7 else default
