"""Cuts quoted mails and signatures out of a mail's HTML.

Knows how mail programs mark them: by classes, ids and citing elements. What is not marked stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pakar.documents.web_nesting import disarmed

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_QUOTES = (
    ".gmail_quote, .gmail_extra > blockquote, blockquote[type=cite], .moz-cite-prefix,"
    " .yahoo_quoted, .protonmail_quote, .tutanota_quote, .zmail_extra,"
    " #mail-editor-reference-message-container"
)
_SIGNATURES = ".gmail_signature, .gmail_signature_prefix, .moz-signature, #Signature, #signature"
# From these on, all that follows on their level is the mail before.
_BEGINS = "#divRplyFwdMsg, #appendonsend, #OLK_SRC_BODY_SECTION"
_FORWARD = re.compile(r"\s*(?:fwd?|tr|wg|terusan)\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reduced:
    """HTML without quotes; `removed` says whether any were there."""

    markup: str
    removed: bool


def without_quotes(markup: str, *, subject: str = "") -> Reduced:
    """The mail's own part. Of a forwarded mail only the signatures are cut."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(disarmed(markup))
    marked = list(tree.css(_SIGNATURES))
    if not _FORWARD.match(subject):
        marked += tree.css(_QUOTES)
        for start in tree.css(_BEGINS):
            marked += _and_following(start)
    for node in marked:
        node.decompose()
    return Reduced(tree.html or "", bool(marked))


def _and_following(node: LexborNode) -> list[LexborNode]:
    found: list[LexborNode] = []
    current: LexborNode | None = node
    while current is not None:
        found.append(current)
        current = current.next
    return found
