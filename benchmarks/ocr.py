"""Reads PDFs without a text layer by OCR: how many, how right, how fast, how much memory.

    python benchmarks/ocr.py DATA [--engine rapidocr] [--texts FOLDER] [FILE ...]

DATA is a folder of documents from the test suites of parsing libraries; every PDF below it of
which no page has a text of its own is read, each in a process of its own. Where a Markdown file
of what is expected lies near (`groundtruth` or `expected_outputs`), `in_order` is the share of its
words that are found in that order (the longest common subsequence). A PDF counts as found with
at least 0.9 of them; where nothing is expected, `--texts` writes what was read, for a look beside
the pictures. Prints one JSON object; progress goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import pypdfium2

from pakar.documents.pdf import PdfReader
from pakar.errors import PakarError

_WORD = re.compile(r"\w+")
_FOUND = 0.9


def image_only(folder: Path) -> list[Path]:
    """The PDFs of which no page has a text."""
    found = []
    for path in sorted(folder.rglob("*.pdf")):
        try:
            with pypdfium2.PdfDocument(path) as document:
                texts = [page.get_textpage().get_text_bounded().strip() for page in document]
                pictures = [list(page.get_objects(filter=[3])) for page in document]
        except pypdfium2.PdfiumError:
            continue
        if texts and not any(texts) and any(pictures):
            found.append(path)
    return found


def expected(path: Path) -> str:
    """What is expected of a PDF, "" where nobody says."""
    near = [
        *path.parent.parent.glob(f"groundtruth/*/full_page/{path.stem}.*.md"),
        *path.parent.glob(f"expected_outputs/{path.stem}.md"),
    ]
    texts = [file.read_text("utf-8", "replace") for file in near]
    return max(texts, key=len, default="")


def in_order(wanted: list[str], read: list[str]) -> float:
    """The share of the wanted words in the longest subsequence that both have."""
    row = [0] * (len(read) + 1)
    for word in wanted:
        before = 0
        for position, other in enumerate(read, start=1):
            above = row[position]
            row[position] = before + 1 if word == other else max(above, row[position - 1])
            before = above
    return row[-1] / max(1, len(wanted))


def words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text.replace("<!-- image -->", ""))]


def read_one(path: Path, engine: str) -> None:
    """Reads one PDF and prints what came of it."""
    with pypdfium2.PdfDocument(path) as document:
        pages = len(document)
    started, used = time.perf_counter(), time.process_time()
    text, error, warnings = "", "", ()
    try:
        extracted = PdfReader(ocr=engine).read(path)
        text, warnings = extracted.text, extracted.warnings
    except PakarError as problem:
        error = str(problem)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss counts the parent's memory too
        line = next(li for li in status.read_text().splitlines() if li.startswith("VmHWM"))
        peak = int(line.split()[1])
    json.dump(
        {
            "pages": pages,
            "seconds": round(time.perf_counter() - started, 2),
            "cpu_seconds": round(time.process_time() - used, 2),
            "peak_mb": round(peak * 1024 / 1e6),
            "words": len(words(text)),
            "warnings": list(warnings),
            "error": error,
            "text": text,
        },
        sys.stdout,
    )


def measured(path: Path, folder: Path, engine: str, texts: Path | None) -> dict[str, object]:
    command = [sys.executable, __file__, str(folder), "--engine", engine, "--one", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, object] = json.loads(done.stdout)
    text = str(result.pop("text"))
    if texts is not None:
        texts.mkdir(parents=True, exist_ok=True)
        (texts / f"{path.stem}.txt").write_text(text, encoding="utf-8")
    if wanted := words(expected(path)):
        result["in_order"] = round(in_order(wanted, words(text)), 3)
    return {"file": path.relative_to(folder).as_posix(), **result}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--engine", default="rapidocr", choices=["rapidocr", "tesseract"])
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        read_one(given.one, given.engine)
        return
    results = []
    for path in given.files or image_only(given.data):
        results.append(measured(path, given.data, given.engine, given.texts))
        print(json.dumps(results[-1]), file=sys.stderr, flush=True)
    pages = sum(int(str(one["pages"])) for one in results)
    seconds = sum(float(str(one["cpu_seconds"])) for one in results)
    report = {
        "engine": given.engine,
        "processor": platform.processor() or platform.machine(),
        "files": len(results),
        "with_text": sum(1 for one in results if one["words"]),
        "found_of_expected": [
            sum(1 for one in results if float(str(one.get("in_order", 0))) >= _FOUND),
            sum(1 for one in results if "in_order" in one),
        ],
        "pages": pages,
        "cpu_seconds_a_page": round(seconds / max(1, pages), 2),
        "peak_mb": max((int(str(one["peak_mb"])) for one in results), default=0),
        "results": results,
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
