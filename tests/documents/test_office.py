"""Word documents and presentations: what a reader of the file would read, and nothing hostile."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from pptx import Presentation
from pptx.util import Inches

from pakar.documents.office import DocxReader, PptxReader
from pakar.errors import SourceError
from pakar.ports import Extracted

W = nsdecls("w")


def headings(extracted: Extracted) -> list[tuple[str, int]]:
    return [(m.value, m.level) for m in extracted.marks if m.kind == "heading"]


def lines(extracted: Extracted) -> list[str]:
    return [line for line in extracted.text.split("\n") if line]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fees.docx"


def read_docx(document: object, path: Path) -> Extracted:
    document.save(str(path))  # type: ignore[attr-defined]
    return DocxReader().read(path)


def add_xml(document: object, xml: str) -> None:
    body = document.element.body  # type: ignore[attr-defined]
    body.insert(len(body) - 1, parse_xml(xml))


def test_body_in_order_with_headings_lists_and_tables(path: Path) -> None:
    document = Document()
    document.add_heading("Card fees", 1)
    document.add_paragraph("A card costs 5 euro.")
    document.add_paragraph("Gold", style="List Bullet")
    document.add_paragraph("Order", style="List Number")
    document.add_paragraph("Pay", style="List Number")
    table = document.add_table(rows=2, cols=3)
    for cell, text in zip(table.rows[0].cells, ["Branch", "Code", "Phone"], strict=True):
        cell.text = text
    for cell, text in zip(table.rows[1].cells, ["Agra", "ZX1", "22"], strict=True):
        cell.text = text
    document.add_heading("Limits", 2)
    extracted = read_docx(document, path)
    assert lines(extracted) == [
        "Card fees", "A card costs 5 euro.", "- Gold", "1. Order", "2. Pay",
        "Branch: Agra | Code: ZX1 | Phone: 22", "Limits",
    ]  # fmt: skip
    assert headings(extracted) == [("Card fees", 1), ("Limits", 2)]
    assert extracted.title == "Card fees"


def test_headings_of_translated_and_derived_styles_and_outline_levels(path: Path) -> None:
    document = Document()
    styles = document.styles.element
    styles.append(parse_xml(
        f'<w:style {W} w:type="paragraph" w:styleId="berschrift2">'
        '<w:name w:val="heading 2"/></w:style>'
    ))  # fmt: skip
    styles.append(parse_xml(
        f'<w:style {W} w:type="paragraph" w:styleId="Bab"><w:name w:val="Bab"/>'
        '<w:basedOn w:val="berschrift2"/></w:style>'
    ))  # fmt: skip
    for properties, text in [
        ('<w:pStyle w:val="berschrift2"/>', "Konten"),
        ('<w:pStyle w:val="Bab"/>', "Kartu"),
        ('<w:outlineLvl w:val="2"/>', "Biaya"),
    ]:
        add_xml(document, f"<w:p {W}><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
    assert headings(read_docx(document, path)) == [("Konten", 2), ("Kartu", 2), ("Biaya", 3)]


def test_deleted_and_hidden_text_is_left_out_and_inserted_text_read(path: Path) -> None:
    document = Document()
    add_xml(
        document,
        f'<w:p {W}><w:r><w:t xml:space="preserve">The fee is </w:t></w:r>'
        '<w:del w:id="1" w:author="a"><w:r><w:delText>5</w:delText></w:r></w:del>'
        '<w:ins w:id="2" w:author="a"><w:r><w:t>6</w:t></w:r></w:ins>'
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret</w:t></w:r>"
        "<w:r><w:tab/><w:t>euro</w:t><w:noBreakHyphen/><w:t>cents</w:t></w:r></w:p>",
    )
    assert read_docx(document, path).text == "The fee is 6 euro-cents"


def test_contents_are_skipped_and_content_controls_and_text_boxes_read(path: Path) -> None:
    document = Document()
    run = "<w:r><w:t>{}</w:t></w:r>"
    add_xml(
        document,
        f'<w:sdt {W}><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/>'
        "</w:docPartObj></w:sdtPr><w:sdtContent>"
        f"<w:p>{run.format('Fees 3')}</w:p></w:sdtContent></w:sdt>",
    )
    add_xml(
        document, f"<w:sdt {W}><w:sdtContent><w:p>{run.format('Form')}</w:p></w:sdtContent></w:sdt>"
    )
    add_xml(
        document,
        f"<w:p {W}>{run.format('Before')}<w:r><w:pict><w:txbxContent>"
        f"<w:p>{run.format('In a box')}</w:p></w:txbxContent></w:pict></w:r></w:p>",
    )
    assert lines(read_docx(document, path)) == ["Form", "Before", "In a box"]


def test_merged_and_nested_tables(path: Path) -> None:
    document = Document()
    table = document.add_table(rows=3, cols=3)
    for row, texts in zip(table.rows, [["City", "Branch", "Code"], ["Agra", "North", "1"],
                                       ["", "South", "2"]], strict=True):  # fmt: skip
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    wide = table.add_row()
    wide.cells[0].merge(wide.cells[1]).text = "Head office"
    inner = wide.cells[2].add_table(rows=1, cols=2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "inner", "table"
    assert lines(read_docx(document, path)) == [
        "City: Agra | Branch: North | Code: 1", "City: Agra | Branch: South | Code: 2",
        "City: Head office", "inner | table",
    ]  # fmt: skip


def test_tables_that_place_text_are_read_as_blocks(path: Path) -> None:
    document = Document()
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text = "Fees"
    table.cell(0, 0).paragraphs[0].style = "Heading 2"
    table.cell(0, 0).add_paragraph("All fees.")
    table.cell(0, 1).text = "Beside"
    extracted = read_docx(document, path)
    assert lines(extracted) == ["Fees", "All fees.", "Beside"]
    assert headings(extracted) == [("Fees", 2)]


def test_numbered_clauses_show_the_numbers_that_word_shows(path: Path) -> None:
    document = Document()
    numbering = document.part.numbering_part.element
    numbering.insert(0, parse_xml(
        f'<w:abstractNum {W} w:abstractNumId="90">'
        '<w:lvl w:ilvl="0"><w:start w:val="4"/><w:numFmt w:val="decimal"/>'
            '<w:lvlText w:val="%1."/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:numFmt w:val="lowerRoman"/><w:lvlText w:val="%1.(%2)"/></w:lvl>'
        "</w:abstractNum>"
    ))  # fmt: skip
    numbering.append(parse_xml(f'<w:num {W} w:numId="90"><w:abstractNumId w:val="90"/></w:num>'))
    for level, text in [(0, "Fees"), (1, "cards"), (1, "books"), (0, "Limits"), (1, "daily")]:
        add_xml(
            document,
            f'<w:p {W}><w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="90"/></w:numPr>'
            "</w:pPr>"
            f"<w:r><w:t>{text}</w:t></w:r></w:p>",
        )
    expected = ["4. Fees", "4.(i) cards", "4.(ii) books", "5. Limits", "5.(i) daily"]
    assert lines(read_docx(document, path)) == expected


def test_core_title_where_there_is_no_heading(path: Path) -> None:
    document = Document()
    document.core_properties.title = "Card  fees"
    document.add_paragraph("x")
    assert read_docx(document, path).title == "Card fees"


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "deck.pptx"


def test_slides_with_titles_lists_tables_groups_and_notes(deck: Path) -> None:
    presentation = Presentation()
    first = presentation.slides.add_slide(presentation.slide_layouts[0])
    first.shapes.title.text = "Card fees"
    first.placeholders[1].text = "For branches"
    second = presentation.slides.add_slide(presentation.slide_layouts[1])
    second.shapes.title.text = "Prices"
    second.placeholders[1].text = "Gold 5\nSilver 3"
    shape = second.shapes.add_table(2, 2, Inches(1), Inches(6), Inches(5), Inches(1))
    for position, text in enumerate(["Card", "Price", "Gold", "5"]):
        shape.table.cell(position // 2, position % 2).text = text
    second.notes_slide.notes_text_frame.text = "Say it slowly."
    blank = presentation.slides.add_slide(presentation.slide_layouts[6])
    right = blank.shapes.add_textbox(Inches(5), Inches(1), Inches(3), Inches(4))
    right.text_frame.text = "right"
    left = blank.shapes.add_textbox(Inches(1), Inches(2), Inches(3), Inches(4))
    left.text_frame.text = "left"
    group = blank.shapes.add_group_shape()
    group.shapes.add_textbox(
        Inches(1), Inches(6.5), Inches(1), Inches(0.5)
    ).text_frame.text = "below"
    presentation.save(str(deck))
    extracted = PptxReader().read(deck)
    assert lines(extracted) == [
        "Card fees", "For branches", "Prices", "- Gold 5", "- Silver 3", "Card: Gold | Price: 5",
        "Say it slowly.", "left", "right", "below",
    ]  # fmt: skip
    assert headings(extracted) == [("Card fees", 1), ("Prices", 2)]
    slides = [
        (m.value, extracted.text[m.start : m.end]) for m in extracted.marks if m.kind == "slide"
    ]
    assert [number for number, _ in slides] == ["1", "2", "3"]
    assert slides[0][1] == "Card fees\n\nFor branches"
    assert slides[2][1].startswith("left")


def test_a_title_repeated_on_the_next_slide_is_one_section(deck: Path) -> None:
    presentation = Presentation()
    for text in ("one", "two"):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = "Prices"
        slide.placeholders[1].text = text
    presentation.save(str(deck))
    assert headings(PptxReader().read(deck)) == [("Prices", 1)]


def rewritten(source: Path, target: Path, member: str, data: bytes) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, data if name == member else old.read(name))
    return target


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol">'
    + "".join(
        f'<!ENTITY {c} "{f"&{p};" * 10}">' for p, c in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + '<!ENTITY file SYSTEM "file:///etc/hostname">]>'
    + f"<w:document {W}><w:body><w:p><w:r><w:t>&i;&file;</w:t></w:r></w:p></w:body></w:document>"
).encode()


def test_xml_entities_are_refused(path: Path, tmp_path: Path) -> None:
    Document().save(str(path))
    bomb = rewritten(path, tmp_path / "bomb.docx", "word/document.xml", BOMB)
    with pytest.raises(SourceError, match=r"bomb\.docx: ") as caught:
        DocxReader().read(bomb)
    assert caught.value.hint
    assert len(str(caught.value)) < 400


def test_entities_in_other_parts_are_never_expanded(path: Path, tmp_path: Path) -> None:
    document = Document()
    document.add_paragraph("safe")
    document.save(str(path))
    styles = BOMB.replace(b"w:document", b"w:styles").replace(b"w:body", b"w:style")
    target = rewritten(path, tmp_path / "styles.docx", "word/styles.xml", styles)
    try:
        assert DocxReader().read(target).text == "safe"
    except SourceError as error:
        assert error.hint


@pytest.mark.parametrize(
    ("size", "reason"),
    [(250_000_000, "bytes of markup|times its size"), (30_000_000, "times its size")],
)
def test_archives_made_to_exhaust_memory_are_refused(
    path: Path, tmp_path: Path, size: int, reason: str
) -> None:
    Document().save(str(path))
    bomb = rewritten(path, tmp_path / "bomb.docx", "word/document.xml", b" " * size)
    with pytest.raises(SourceError, match=reason) as caught:
        DocxReader().read(bomb)
    assert "leave it out" in caught.value.hint


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (b"", "damaged", "save it again"),
        (b"PK\x03\x04 and then nothing", "damaged", "save it again"),
        (b"%PDF-1.4", "damaged", "save it again"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "before 2007", "Save it as .docx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
         "password", "without the password"),
    ],
    ids=["empty", "cut off", "other format", "old format", "encrypted"],
)  # fmt: skip
@pytest.mark.parametrize("reader", [DocxReader(), PptxReader()], ids=["docx", "pptx"])
def test_files_that_cannot_be_read_give_one_clear_error(
    tmp_path: Path, reader: DocxReader | PptxReader, data: bytes, message: str, hint: str
) -> None:
    path = tmp_path / "broken.bin"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=rf"broken\.bin: .*{message}") as caught:
        reader.read(path)
    assert hint in caught.value.hint


def test_a_zip_that_is_no_office_file_and_a_missing_file(tmp_path: Path) -> None:
    other = tmp_path / "other.docx"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(SourceError, match=r"other\.docx: cannot be read as a Word document"):
        DocxReader().read(other)
    with pytest.raises(SourceError, match=r"gone\.docx: cannot be opened: No such file"):
        DocxReader().read(tmp_path / "gone.docx")
    document = tmp_path / "a.pptx"
    Document().save(str(document))
    with pytest.raises(SourceError, match=r"a\.pptx: cannot be read as a presentation"):
        PptxReader().read(document)


def test_damaged_content_in_any_part_gives_a_source_error_or_text(
    path: Path, tmp_path: Path
) -> None:
    document = Document()
    document.add_heading("Fees", 1)
    document.add_paragraph("x", style="List Number")
    document.save(str(path))
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.endswith((".xml", ".rels"))]
    for number, member in enumerate(members):
        for data in (b"", b"<a", b"<a/>", b"\xff\xfe\x00"):
            target = rewritten(path, tmp_path / f"{number}.docx", member, data)
            try:
                assert isinstance(DocxReader().read(target).text, str)
            except SourceError as error:
                assert str(error).startswith(f"{number}.docx: ")
                assert error.hint
