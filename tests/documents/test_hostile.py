"""Files that were made to do harm: each is read or refused in a moment, and nothing happens."""

from __future__ import annotations

import socket
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from docx import Document as WordDocument
from pptx import Presentation
from pptx.util import Inches
from reportlab.lib import pdfencrypt
from reportlab.pdfgen.canvas import Canvas

from pakar.config import Config, Reading
from pakar.documents.workers.pool import ReadingPool
from pakar.types import Document

_SECRET = "the-secret-of-this-machine"
_BOMB = (
    '<!DOCTYPE d [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + "]>"
)
Make = Callable[[Path, "Bait"], Path]


@dataclass(frozen=True)
class Bait:
    """A file that no document may pull in, and an address that none may call."""

    secret: Path
    address: str


def word(folder: Path, *paragraphs: str) -> Path:
    document = WordDocument()
    for text in paragraphs or ("A plain text.",):
        document.add_paragraph(text)
    path = folder / "made.docx"
    document.save(str(path))
    return path


def slides(folder: Path) -> Path:
    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    slide.shapes.add_textbox(0, 0, Inches(3), Inches(1)).text_frame.text = "A plain text."
    path = folder / "made.pptx"
    presentation.save(str(path))
    return path


def rewritten(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """The package with one part changed, or added where it has no such part."""
    target = path.with_stem("changed")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name == part else data)
        if part not in old.namelist():
            new.writestr(part, change(b""))
    return target


def with_doctype(doctype: str, entity: str) -> Callable[[bytes], bytes]:
    """Puts a document type behind the XML declaration and the entity into the text."""

    def change(data: bytes) -> bytes:
        head, rest = data.split(b"?>", 1)
        return head + b"?>" + doctype.encode() + rest.replace(b"A plain text.", entity.encode())

    return change


def external(bait: Bait) -> str:
    return f'<!DOCTYPE d [<!ENTITY x SYSTEM "{bait.secret.as_uri()}">]>'


def word_zip_bomb(folder: Path, bait: Bait) -> Path:
    return rewritten(word(folder), "word/media/a.bin", lambda _: bytes(120_000_000))


def slides_zip_bomb(folder: Path, bait: Bait) -> Path:
    return rewritten(slides(folder), "ppt/slides/slide9.xml", lambda _: b" " * 120_000_000)


def word_many_parts(folder: Path, bait: Bait) -> Path:
    path = word(folder)
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(20_001):
            archive.writestr(f"word/media/{number}", b"")
    return path


def word_xml_bomb(folder: Path, bait: Bait) -> Path:
    return rewritten(word(folder), "word/document.xml", with_doctype(_BOMB, "&a11;"))


def word_notes_bomb(folder: Path, bait: Bait) -> Path:
    return rewritten(word(folder), "word/styles.xml", with_doctype(_BOMB, ""))


def slides_xml_bomb(folder: Path, bait: Bait) -> Path:
    return rewritten(slides(folder), "ppt/slides/slide1.xml", with_doctype(_BOMB, "&a11;"))


def word_external_entity(folder: Path, bait: Bait) -> Path:
    return rewritten(word(folder), "word/document.xml", with_doctype(external(bait), "&x;"))


def slides_external_entity(folder: Path, bait: Bait) -> Path:
    return rewritten(slides(folder), "ppt/slides/slide1.xml", with_doctype(external(bait), "&x;"))


def word_external_picture(folder: Path, bait: Bait) -> Path:
    relation = (
        f'<Relationship Id="rIdX" TargetMode="External" Target="{bait.address}/a.png" Type="http://'
        'schemas.openxmlformats.org/officeDocument/2006/relationships/image"/></Relationships>'
    ).encode()
    return rewritten(
        word(folder),
        "word/_rels/document.xml.rels",
        lambda data: data.replace(b"</Relationships>", relation),
    )


def word_macros(folder: Path, bait: Bait) -> Path:
    path = rewritten(word(folder), "word/vbaProject.bin", lambda _: b"\xd0\xcf\x11\xe0 macro")
    return path.rename(path.with_suffix(".docm"))


def page_that_calls_out(folder: Path, bait: Bait) -> Path:
    path = folder / "made.html"
    path.write_text(
        f"<html><head><meta http-equiv='refresh' content='0;url={bait.address}'>"
        f"<link rel='stylesheet' href='{bait.address}/a.css'>"
        f"<script src='{bait.address}/a.js'></script><script>document.write('run')</script></head>"
        f"<body><p>A plain text.</p><img src='{bait.address}/a.png'>"
        f"<iframe src='{bait.secret.as_uri()}'></iframe></body></html>",
        encoding="utf-8",
    )
    return path


def page_xml_bomb(folder: Path, bait: Bait) -> Path:
    path = folder / "made.xhtml"
    path.write_text(
        f'<?xml version="1.0"?>{_BOMB}<html><body><p>A plain text. &a11;</p></body></html>',
        encoding="utf-8",
    )
    return path


def raw_pdf(folder: Path, *objects: str, trailer: str = "/Root 1 0 R") -> Path:
    """A PDF of these objects, numbered from 1, with a right table of them."""
    data, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    start = len(data)
    data += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    size = len(objects) + 1
    data += f"trailer\n<</Size {size} {trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    path = folder / "made.pdf"
    path.write_bytes(data.replace(b"SELF", str(start).encode()))
    return path


_FONT = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
_TEXT = "BT /F1 12 Tf 72 72 Td (A plain text.) Tj ET"


def pdf_page_loop(folder: Path, bait: Bait) -> Path:
    return raw_pdf(
        folder,
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 5000>>",
        "<</Type/Pages/Parent 2 0 R/Kids[2 0 R 3 0 R]/Count 5000>>",
    )


def pdf_table_loop(folder: Path, bait: Bait) -> Path:
    return raw_pdf(
        folder,
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[]/Count 0>>",
        trailer="/Root 1 0 R/Prev SELF",
    )


def pdf_form_loop(folder: Path, bait: Bait) -> Path:
    """A form that draws itself twice: 2 to the power of its depth."""
    body = "/F Do /F Do"
    return raw_pdf(
        folder,
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R"
        "/Resources<</XObject<</F 5 0 R>>/Font<</F1 6 0 R>>>>>>",
        f"<</Length {len(_TEXT) + 6}>>stream\n{_TEXT} /F Do\nendstream",
        "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 5 0 R>>>>"
        f"/Length {len(body)}>>stream\n{body}\nendstream",
        _FONT,
    )


def pdf_absurd_page(folder: Path, bait: Bait) -> Path:
    path = folder / "made.pdf"
    canvas = Canvas(str(path), pagesize=(9e8, 9e8))
    canvas.setFillColorRGB(1, 1, 1)
    canvas.drawString(72, 72, "White, so that the page has to be drawn.")
    canvas.setFillColorRGB(0, 0, 0)
    canvas.drawString(72, 172, "A plain text.")
    canvas.save()
    return path


def pdf_password(folder: Path, bait: Bait) -> Path:
    path = folder / "made.pdf"
    canvas = Canvas(str(path), encrypt=pdfencrypt.StandardEncryption("a password"))
    canvas.drawString(72, 72, "A plain text.")
    canvas.save()
    return path


def pdf_that_calls_out(folder: Path, bait: Bait) -> Path:
    action = f"<</S/URI/URI({bait.address})>>"
    script = f"<</S/JavaScript/JS(app.launchURL\\('{bait.address}'\\))>>"
    return raw_pdf(
        folder,
        f"<</Type/Catalog/Pages 2 0 R/OpenAction {script}/AA<</WC {action}>>>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R"
        f"/AA<</O {action}>>/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(_TEXT)}>>stream\n{_TEXT}\nendstream",
        _FONT,
    )


@pytest.fixture
def calls() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        yield listening


@dataclass(frozen=True)
class Harm:
    """What is to come of a file: part of the text or of the error's one line."""

    make: Make
    words: str


_ALL = [
    Harm(word_zip_bomb, "times its size"),
    Harm(slides_zip_bomb, "times its size"),
    Harm(word_many_parts, "20,"),
    Harm(word_xml_bomb, "cannot be read|XML entities"),
    Harm(word_notes_bomb, "A plain text|cannot be read|XML entities"),
    Harm(slides_xml_bomb, "cannot be read|XML entities|no text"),
    Harm(word_external_entity, "XML entities"),
    Harm(slides_external_entity, "XML entities|no text|cannot be read"),
    Harm(word_external_picture, "A plain text."),
    Harm(word_macros, "A plain text."),
    Harm(page_that_calls_out, "A plain text."),
    Harm(page_xml_bomb, "A plain text."),
    Harm(pdf_page_loop, "damaged|no text"),
    Harm(pdf_table_loop, "damaged|no text"),
    Harm(pdf_form_loop, "A plain text.|damaged|not read within|needs more than"),
    Harm(pdf_absurd_page, "A plain text."),
    Harm(pdf_password, "protected by a password"),
    Harm(pdf_that_calls_out, "A plain text."),
]


@dataclass(frozen=True)
class File:
    name: str
    path: Path


def test_every_harmful_file_is_read_or_refused_and_nothing_happens(
    tmp_path: Path, calls: socket.socket
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(_SECRET, encoding="utf-8")
    bait = Bait(secret, f"http://127.0.0.1:{calls.getsockname()[1]}")
    files = []
    for harm in _ALL:
        folder = tmp_path / harm.make.__name__
        folder.mkdir()
        files.append(File(harm.make.__name__, harm.make(folder, bait)))
    before = sorted(path for path in tmp_path.rglob("*"))

    wrong = []
    config = Config(reading=Reading(workers=1, seconds=20))
    with ReadingPool(config, tmp_path / "reading") as pool:
        for harm, file in zip(_ALL, files, strict=True):
            started = time.monotonic()
            (result,) = pool.read([file])
            seconds = time.monotonic() - started
            read = isinstance(result.outcome, Document)
            told = result.outcome.text if isinstance(result.outcome, Document) else "error"
            told = told if read else str(result.outcome)
            fits = any(words in told for words in harm.words.split("|"))
            crashed = not read and ("crashed" in told or "\n" in told)
            crashed = crashed or _SECRET in told
            if not fits or crashed or seconds > 20 or result.peak_bytes > 1_500_000_000:
                wrong.append((file.name, told[:200], round(seconds, 1), result.peak_bytes))
    assert wrong == []
    with pytest.raises(TimeoutError):
        calls.accept()  # nobody called
    (tmp_path / "reading").rmdir()
    assert sorted(path for path in tmp_path.rglob("*")) == before
