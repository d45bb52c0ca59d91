"""Cuts what a mail repeats of others: quoted replies, and signatures.

Knows how common programs mark a quote, in English, Indonesian and a few neighbours. Goes through
the lines once; no pattern looks across lines. A short quote that is answered below stays, as the
answer means nothing without it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# "On Fri, 3 May 2024 at 10:22, Ann <ann@x.example> wrote:"; it may go over three lines.
_ATTRIBUTION_START = re.compile(
    r"\s*(?:On|Pada(?: tanggal| hari)?|Am|Le|El|Op|Il)\s", re.IGNORECASE
)
_ATTRIBUTION_END = re.compile(
    r"(?:wrote|menulis|schrieb.{0,200}|a écrit|escribió|schreef.{0,200}|ha scritto)\s*:\s*\Z",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(
    r"\s*-{2,}\s*(?:Original Message|Pesan Asli|Pesan asal|Reply message|Ursprüngliche Nachricht"
    r"|Message d'origine)\s*-{2,}\s*\Z",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"\s*(?:-{2,}\s*(?:Forwarded message|Forwarded Message|Pesan (?:yang )?(?:di)?teruskan)\s*-{2,}"
    r"|Begin forwarded message:|Mulai pesan yang diteruskan:)\s*\Z",
    re.IGNORECASE,
)
_FORWARD_SUBJECT = re.compile(r"\s*(?:fwd?|tr|wg|terusan)\s*:", re.IGNORECASE)
_FROM = re.compile(r"\s*\*?(?:From|Dari|Von|De)\s*:\*?\s", re.IGNORECASE)
_SENT = re.compile(
    r"\s*\*?(?:Sent|Date|Dikirim|Tanggal|Terkirim|Gesendet|Envoyé)\s*:", re.IGNORECASE
)
_TO = re.compile(r"\s*\*?(?:To|Kepada|Ke|Untuk|An|À)\s*:", re.IGNORECASE)
_SUBJECT = re.compile(r"\s*\*?(?:Subject|Subjek|Perihal|Hal|Betreff|Objet)\s*:", re.IGNORECASE)
_RULE = re.compile(r"\s*[_-]{5,}\s*\Z")
_SIGNATURE = re.compile(r"--\s?\Z")
_SENT_FROM = re.compile(
    r"\s*(?:Sent from (?:my |Outlook|Mail for|Yahoo)|Get Outlook for|Dikirim dari (?:iPhone|iPad|"
    r"ponsel|perangkat|Yahoo|Samsung|Outlook)|Dapatkan Outlook untuk)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\s{0,3}>")
_HEADER_WITHIN = 6
_LONGEST_SIGNATURE = 20
_LONGEST_QUESTION = 6
_LONGEST_LINE = 1_000


@dataclass(frozen=True, slots=True)
class OwnText:
    """What the sender wrote; how many quoted and signature lines were left out."""

    text: str
    quoted: int = 0
    signature: int = 0


def own_text(text: str, *, subject: str = "") -> OwnText:
    """The text without quotes and signature; all of it where nothing else would remain.

    A forwarded mail is what the sender wants to be read: it stays.
    """
    lines = text.splitlines()
    end = len(lines) if _FORWARD_SUBJECT.match(subject) else _quote_start(lines)
    kept, dropped = _without_quotes(lines[:end])
    if not _says_something(kept):
        kept, dropped, end = lines, 0, len(lines)
    body = _without_signature(kept)
    quoted = dropped + sum(1 for line in lines[end:] if line.strip())
    signature = sum(1 for line in kept[len(body) :] if line.strip())
    return OwnText("\n".join(body).strip("\n"), quoted, signature)


def _quote_start(lines: Sequence[str]) -> int:
    """Where the mail before begins, by the line that introduces it; the number of lines if
    nowhere."""
    for position, line in enumerate(lines):
        if len(line) > _LONGEST_LINE:
            continue
        if _FORWARDED.match(line):
            return len(lines)
        if _SEPARATOR.match(line) or _is_header(lines, position):
            rule = position and _RULE.match(lines[position - 1])
            return position - 1 if rule else position
        if _is_attribution(lines, position):
            return position
    return len(lines)


def _is_header(lines: Sequence[str], position: int) -> bool:
    """Outlook begins a quote with the headers of what it quotes."""
    if not _FROM.match(lines[position]):
        return False
    following = lines[position + 1 : position + 1 + _HEADER_WITHIN]
    return all(any(mark.match(line) for line in following) for mark in (_SENT, _SUBJECT)) and any(
        _TO.match(line) for line in following
    )


def _is_attribution(lines: Sequence[str], position: int) -> bool:
    """One to three lines that say when who wrote, and behind them nothing but the quote."""
    if not _ATTRIBUTION_START.match(lines[position]):
        return False
    for count in (1, 2, 3):
        said = " ".join(line.strip() for line in lines[position : position + count])
        if len(said) <= _LONGEST_LINE and _ATTRIBUTION_END.search(said):
            rest = lines[position + count :]
            marked = any(_QUOTED.match(line) for line in rest)
            own = _last_own(rest)
            return own == 0 if marked else any(char.isdigit() for char in said)
    return False


def _last_own(lines: Sequence[str]) -> int:
    """The number of lines up to the last that is neither empty nor marked as quoted."""
    for position in range(len(lines), 0, -1):
        line = lines[position - 1]
        if line.strip() and not _QUOTED.match(line):
            return position
    return 0


def _without_quotes(lines: Sequence[str]) -> tuple[list[str], int]:
    """Without long quotes and those at the end; and how many lines these were."""
    last = _last_own(lines)
    kept: list[str] = []
    dropped = 0
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and _QUOTED.match(lines[end]):
            end += 1
        if end == start:
            kept.append(lines[start])
            start += 1
            continue
        if end - start > _LONGEST_QUESTION or start >= last:
            dropped += end - start
        else:
            kept += lines[start:end]
        start = end
    return kept, dropped


def _without_signature(lines: Sequence[str]) -> list[str]:
    """Without what stands below the line "-- ", and without what telephones add."""
    for position in range(max(0, len(lines) - _LONGEST_SIGNATURE), len(lines)):
        is_end = _SIGNATURE.match(lines[position]) or _SENT_FROM.match(lines[position])
        if is_end and _says_something(lines[:position]):
            return list(lines[:position])
    return list(lines)


def _says_something(lines: Sequence[str]) -> bool:
    return any(any(char.isalnum() for char in line) and not _QUOTED.match(line) for line in lines)
