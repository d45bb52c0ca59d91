"""Reads every file of some folders in reading processes: outcome, seconds, memory, words found.

    python benchmarks/reading.py FOLDER... [--seconds 60] [--megabytes 1500] [--worst 15]

Prints JSON. Expected Markdown is taken from a folder `groundtruth` beside `sources` (docling's
tests) or `expected_outputs` below the files (markitdown's tests); what OCR engines made of
pictures is no expectation of a text. A file's share is that of the expected words that are found
in the same order: the longest common subsequence of both texts' words, over the expected ones.
pakar writes the name of its column before each cell of a table, so the words of a header do not
stand in one line; `share_in_either_form` also takes the expected tables in that form.
Exits with 1 where a reader crashed, took longer or more memory than allowed.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from pakar.config import Config, Reading
from pakar.documents.workers.pool import ReadingPool, Result
from pakar.documents.workers.spool import read_back
from pakar.types import Document

_NO_WORDS = (
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"!\[[^\]]*\]\([^)]*\)"),
    re.compile(r"</?[a-zA-Z][^>\n]*>"),
)
_LINK = re.compile(r"\[((?:\\.|[^\]\\])*)\]\((?:<[^>]*>|[^()\s]*(?:\([^()]*\)[^()\s]*)*)[^)]*\)")
_WORD = re.compile(r"\w+")
_RULE = re.compile(r":?-+:?")


@dataclass(frozen=True)
class File:
    name: str
    path: Path


def main() -> int:
    arguments = _arguments()
    files = [
        File(f"{folder.name}/{path.relative_to(folder).as_posix()}", path)
        for folder in arguments.folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _is_expectation(path)
    ]
    config = Config(reading=Reading(workers=1, seconds=arguments.seconds))
    rows = []
    with ReadingPool(config) as pool:
        for file in files:
            started = time.perf_counter()
            (result,) = pool.read([file])
            seconds = time.perf_counter() - started
            rows.append(_row(file, _whole(result), seconds, result.peak_bytes))
            _tell(rows[-1], verbose=arguments.verbose)
    summary = _summary(rows, arguments)
    print(json.dumps(summary, indent=1, ensure_ascii=False))
    return 1 if summary["faults"] else 0


def _whole(result: Result[File]) -> Document | Exception:
    """The document; of a source of tables, all of its parts as one."""
    outcome = result.outcome
    if result.folder is None or not isinstance(outcome, Document):
        return outcome
    parts = read_back(result.folder, outcome, Config().documents.max_characters)
    return replace(outcome, text="\n\n".join(part.document.text for part in parts))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--seconds", type=int, default=60, help="allowed for one file")
    parser.add_argument("--megabytes", type=int, default=1500, help="allowed for one worker")
    parser.add_argument("--worst", type=int, default=15, help="how many of the worst are listed")
    parser.add_argument("--verbose", action="store_true", help="each file on stderr")
    return parser.parse_args()


def _is_expectation(path: Path) -> bool:
    return "groundtruth" in path.parts or "expected_outputs" in path.parts


def _row(file: File, outcome: Document | Exception, seconds: float, peak: int) -> dict[str, object]:
    row: dict[str, object] = {
        "file": file.name,
        "seconds": round(seconds, 2),
        "peak_mb": round(peak / 1e6),
    }
    if not isinstance(outcome, Document):
        return {**row, "refused": str(outcome)}
    row["characters"] = len(outcome.text)
    row["warnings"] = list(outcome.warnings)
    expected = _expected(file.path)
    if expected is not None:
        markdown = expected.read_text(encoding="utf-8")
        found = _words(outcome.text)
        plain = _share(_words_of_markdown(markdown), found)
        named = _share(_words_of_markdown(_with_names(markdown)), found)
        row["share"], row["share_either"] = plain, max(plain, named)
    return row


def _share(wanted: list[str], found: list[str]) -> float:
    return round(_common(wanted, found) / len(wanted), 3) if wanted else 1.0


def _with_names(markdown: str) -> str:
    """The same with tables as pakar writes them: each cell behind its column's name."""
    lines: list[str] = []
    header: list[str] = []
    for line in markdown.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.lstrip().startswith("|"):
            header = []
            lines.append(line)
        elif not header:
            header = cells
        elif not all(_RULE.fullmatch(cell) for cell in cells):
            named = zip(header + [""] * len(cells), cells, strict=False)
            lines += [f"{name} {cell}" if name != cell else cell for name, cell in named if cell]
    return "\n".join(lines)


def _expected(path: Path) -> Path | None:
    """The Markdown that the library which the file comes from expects of it."""
    places = []
    if path.suffix == ".pdf":  # others there have the same stem and other content
        places.append(path.parent / "expected_outputs" / f"{path.stem}.md")
    if path.parent.name == "sources":
        groundtruth = path.parent.parent / "groundtruth"
        places += [groundtruth / f"{path.name}.md", groundtruth / f"{path.stem}.md"]
    return next((place for place in places if place.is_file()), None)


def _words_of_markdown(text: str) -> list[str]:
    """The words that a reader of the rendered Markdown sees, link targets and signs left out."""
    for pattern in _NO_WORDS:
        text = pattern.sub(" ", text)
    text = _LINK.sub(r" \1 ", text)
    return _words(re.sub(r"\\([^\w\s])", r"\1", text))


def _words(text: str) -> list[str]:
    return _WORD.findall(html.unescape(text).replace("_", " ").casefold())


def _common(wanted: list[str], found: list[str]) -> int:
    """The length of the longest common subsequence (bit-parallel; Hyyrö 2004)."""
    places: dict[str, int] = {}
    for position, word in enumerate(wanted):
        places[word] = places.get(word, 0) | 1 << position
    full = (1 << len(wanted)) - 1
    state = full
    for word in found:
        match = state & places.get(word, 0)
        state = ((state + match) | (state - match)) & full
    return len(wanted) - state.bit_count()


def _summary(rows: list[dict[str, object]], arguments: argparse.Namespace) -> dict[str, object]:
    shares = {str(row["file"]): float(str(row["share"])) for row in rows if "share" in row}
    either = {str(r["file"]): float(str(r["share_either"])) for r in rows if "share_either" in r}
    refused = [row for row in rows if "refused" in row]
    faults = [row for row in rows if _is_fault(row, arguments)]
    return {
        "files": len(rows),
        "read": len(rows) - len(refused),
        "refused": len(refused),
        "reasons": Counter(_reason(str(row["refused"]), str(row["file"])) for row in refused),
        "seconds": {
            "all": round(sum(float(str(row["seconds"])) for row in rows), 1),
            "longest": _most(rows, "seconds"),
        },
        "peak_mb": _most(rows, "peak_mb"),
        "with_expectation": len(shares),
        "share": _distribution(list(shares.values())),
        "share_in_either_form": _distribution(list(either.values())),
        "below_0.9": {
            name: [share, either[name]]
            for name, share in sorted(shares.items(), key=lambda one: one[1])[: arguments.worst]
            if share < 0.9
        },
        "faults": faults,
    }


def _is_fault(row: dict[str, object], arguments: argparse.Namespace) -> bool:
    refused = str(row.get("refused", ""))
    return (
        any(words in refused for words in ("crashed", "gave no document", "system ended", "within"))
        or float(str(row["seconds"])) > arguments.seconds
        or int(str(row["peak_mb"])) > arguments.megabytes
        or "\n" in refused
    )


def _distribution(shares: list[float]) -> dict[str, object]:
    if not shares:
        return {}
    return {
        "median": statistics.median(shares),
        "mean": round(statistics.mean(shares), 3),
        "at_least_0.9": sum(share >= 0.9 for share in shares),
        "below_0.9": sum(share < 0.9 for share in shares),
    }


def _most(rows: list[dict[str, object]], key: str) -> list[list[object]]:
    top = sorted(rows, key=lambda row: -float(str(row[key])))[:3]
    return [[row[key], row["file"]] for row in top]


def _reason(message: str, file: str) -> str:
    return message.replace(file, "FILE").replace(Path(file).name, "FILE")[:90]


def _tell(row: dict[str, object], *, verbose: bool) -> None:
    if verbose:
        print(json.dumps(row, ensure_ascii=False), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
