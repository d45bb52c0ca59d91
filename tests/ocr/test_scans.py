"""Scans: read where an engine is there, in order, on the right pages, with their doubts told."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas
from scanned import ScriptedOcr, page, pdf

from pakar import Document, Expert, SourceError
from pakar.config import Documents, Reading
from pakar.documents import pdf_scans
from pakar.documents.read import read_document
from pakar.errors import MissingExtraError
from pakar.flows.reading import SourceReader
from pakar.index.build import one_by_one

FEES = ["The locker costs 900 rupees a year.", "A cheque book costs 50 rupees."]


def read(path: Path, ocr: str = "auto") -> Document:
    return read_document(path, path.name, Documents(), Reading.model_validate({"ocr": ocr}))


def use(monkeypatch: pytest.MonkeyPatch, engine: ScriptedOcr) -> ScriptedOcr:
    monkeypatch.setattr(pdf_scans, "open_ocr", lambda choice: engine)
    return engine


def placed(*texts: str, x: float = 90, y: float = 100) -> list[tuple[str, float, float]]:
    return [(text, x, y + 36 * number) for number, text in enumerate(texts)]


def test_a_mixed_pdf_is_read_by_ocr_only_where_it_has_no_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = use(monkeypatch, ScriptedOcr(placed(*FEES)))
    words = "The first page has a text of its own."
    document = read(pdf(tmp_path / "a.pdf", words, page(FEES), "So has the third page."))
    assert len(engine.pictures) == 1
    assert document.page_at(document.text.index("own")) == 1
    assert document.page_at(document.text.index("900 rupees")) == 2
    assert document.page_at(document.text.index("third")) == 3
    assert document.warnings == ("read by OCR (Scripted, confidence 0.99): page(s) 2",)
    marks = [mark for mark in document.marks if mark.kind == "ocr"]
    assert [mark.value for mark in marks] == ["0.99"]
    assert document.text[marks[0].start : marks[0].end].startswith("The locker")


def test_a_stamp_on_a_scan_is_no_text_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, ScriptedOcr(placed(*FEES, "More words than the stamp has are on this page.")))
    path = pdf(tmp_path / "scan.pdf", page(FEES))
    canvas = Canvas(str(tmp_path / "a.pdf"))
    canvas.drawImage(_picture(tmp_path, FEES), 0, 0, *canvas._pagesize)
    canvas.drawString(500, 20, "Scanned 2024")
    canvas.save()
    assert "900 rupees" in read(tmp_path / "a.pdf").text
    assert "900 rupees" in read(path).text


def test_columns_are_read_one_after_the_other_and_hyphens_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = ("The bank keeps every ac-", "count of the firm under", "the rules of the land.")
    right = ("A locker costs nine hund-", "red rupees and is paid", "in January of the year.")
    use(monkeypatch, ScriptedOcr([*placed(*left), *placed(*right, x=600)]))
    text = read(pdf(tmp_path / "a.pdf", page(left))).text
    assert "keeps every account of the firm under the rules of the land." in text
    assert "nine hundred rupees" in text
    assert text.index("land.") < text.index("A locker")


def test_larger_lines_are_headings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Titled(ScriptedOcr):
        def read(self, image):  # type: ignore[no-untyped-def]
            title, *rest = super().read(image)
            (x, y), *_ = title.corners
            box = ((x, y), (x + 500, y), (x + 500, y + 60), (x, y + 60))
            return [type(title)(title.text, box, 0.99), *rest]

    body = ["The bank keeps every account of the firm under the rules.", *FEES] * 3
    use(monkeypatch, Titled([("Fees and charges", 90, 20), *placed(*body, y=140)]))
    document = read(pdf(tmp_path / "a.pdf", page(body)))
    assert document.title == "Fees and charges"


def test_a_page_that_is_upside_down_is_righted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, ScriptedOcr(placed(*FEES), upside_down=True))
    text = read(pdf(tmp_path / "a.pdf", page(FEES))).text
    assert "900 rupees" in text
    assert "wrong" not in text


def test_skewed_lines_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = ("The bank keeps every account", "of the firm under its rules", "and those of the land.")
    right = ("A locker costs 900 rupees", "and is paid in January of", "the year that it is for.")
    use(monkeypatch, ScriptedOcr([*placed(*left), *placed(*right, x=620)], slope=0.05))
    text = read(pdf(tmp_path / "a.pdf", page(left))).text
    assert "account of the firm under its rules and those of the land." in text
    assert "rupees and is paid in January of the year that it is for." in text


def test_what_was_hard_to_read_is_told_and_noted_in_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, testing_backend: str
) -> None:
    use(monkeypatch, ScriptedOcr(placed(*FEES), confidence=0.62))
    # Here, as a process of its own would not know the scripted engine.
    here = one_by_one(lambda found: read(found.path))
    monkeypatch.setattr(SourceReader, "read", lambda self, sources: here(sources))
    expert = Expert.create(tmp_path / "bank", embedder=testing_backend)
    report = expert.add(pdf(tmp_path / "bank" / "scan.pdf", page(FEES)))
    assert report.warnings == (
        "scan.pdf: read by OCR (Scripted, confidence 0.62): page(s) 1",
        "scan.pdf: hard to read, so check the original: page(s) 1",
    )
    answer = expert.ask("What does a cheque book cost?", route="extract")
    assert answer.notes == (
        "scan.pdf, page 1: read by OCR with low confidence (0.62); compare the original",
    )


def test_without_an_engine_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "rapidocr" else real(name)
    )
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for path in (pdf(tmp_path / "a.pdf", page(FEES)), _picture(tmp_path, FEES)):
        with pytest.raises(SourceError) as caught:
            read(path)
        assert "reading scans needs pakar[ocr] or Tesseract" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert "[ocr]" in caught.value.hint
    mixed = read(pdf(tmp_path / "b.pdf", "The first page has text.", page(FEES)))
    assert len(mixed.warnings) == 1
    assert mixed.warnings[0].startswith("not read: page(s) 2: reading scans needs pakar[ocr]")


def test_a_chosen_engine_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SourceError, match="Tesseract is not installed"):
        read(pdf(tmp_path / "a.pdf", page(FEES)), ocr="tesseract")


def test_ocr_can_be_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = use(monkeypatch, ScriptedOcr(placed(*FEES)))
    with pytest.raises(SourceError, match="pictures and no text"):
        read(pdf(tmp_path / "a.pdf", page(FEES)), ocr="off")
    with pytest.raises(SourceError, match="OCR is off"):
        read(_picture(tmp_path, FEES), ocr="off")
    assert engine.pictures == []


def test_blank_pages_ask_for_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(choice: str) -> None:
        raise MissingExtraError("asked for an engine")

    monkeypatch.setattr(pdf_scans, "open_ocr", fail)
    blank = Image.new("RGB", (500, 700), "white")
    document = read(pdf(tmp_path / "a.pdf", "Some text.", blank))
    assert document.text == "Some text."


def test_a_page_of_absurd_size_is_drawn_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = use(monkeypatch, ScriptedOcr(placed(*FEES)))
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(14_000, 9_000))
    canvas.drawImage(_picture(tmp_path, FEES), 0, 0, 14_000, 9_000)
    canvas.save()
    read(tmp_path / "a.pdf")
    assert max(engine.pictures[0]) <= 2_001


def test_images_of_every_kind_are_read_and_tiff_pages_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = use(monkeypatch, ScriptedOcr(placed(*FEES)))
    image = page(FEES)
    for ending in ("png", "jpg", "bmp", "webp", "tif"):
        path = tmp_path / f"a.{ending}"
        image.save(path)
        assert "900 rupees" in read(path).text, ending
    several = tmp_path / "b.tiff"
    image.save(several, save_all=True, append_images=[image, image])
    assert read(several).page_at(10**6) == 3
    clear = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    clear.save(tmp_path / "clear.png")
    engine.pictures.clear()
    with pytest.raises(SourceError, match="no text was found"):
        read(tmp_path / "clear.png")
    assert engine.pictures == []


def test_hostile_images_are_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, ScriptedOcr(placed(*FEES)))
    Image.new("1", (15_000, 9_000)).save(tmp_path / "large.png")
    whole = _picture(tmp_path, FEES).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "none.png").write_bytes(whole[:8] + bytes(100))
    for name in ("large.png", "cut.png", "none.png"):
        with pytest.raises(SourceError) as caught:
            read(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(SourceError, match="15,000 x 9,000 pixels"):
        read(tmp_path / "large.png")


@pytest.mark.slow
def test_rapidocr_reads_english_and_indonesian_with_spaces_however_the_page_lies(
    tmp_path: Path,
) -> None:
    pytest.importorskip("rapidocr")
    lines = [
        "The locker costs 900 rupees a year.",
        "Biaya penggantian kartu debit yang hilang",
        "adalah Rp 25.000 dan dibayar di muka.",
    ]
    document = read(
        pdf(tmp_path / "a.pdf", page(lines), page(lines, turn=2), page(lines, skew=2.0)),
        ocr="rapidocr",
    )
    for number in (1, 2, 3):
        mark = next(m for m in document.marks if m.kind == "page" and m.value == str(number))
        text = document.text[mark.start : mark.end]
        assert "The locker costs 900 rupees a year." in text
        assert "Biaya penggantian kartu debit yang hilang" in text.replace("\n", " ")
        assert "adalah Rp 25.000 dan dibayar di muka." in text
    sideways = tmp_path / "sideways.png"
    page(lines, turn=1).save(sideways)
    assert "kartu debit yang hilang" in read(sideways, ocr="rapidocr").text


def _picture(folder: Path, lines: list[str]) -> Path:
    path = folder / "picture.png"
    page(lines).save(path)
    return path
