"""Charts and formulas of Office files give the words and numbers that they show."""

from __future__ import annotations

from pathlib import Path

import pytest
from docx import Document as WordDocument
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from pakar.documents.office import DocxReader, PptxReader

_MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
_ROWS = "Q1 | Fees: 12.5 | Loans: 3\nQ2 | Fees: 14 | Loans: 4"


def chart_slide(path: Path) -> bytes:
    """A presentation with a chart; gives the chart's XML."""
    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    data = CategoryChartData()
    data.categories = ["Q1", "Q2"]
    data.add_series("Fees", (12.5, 14))
    data.add_series("Loans", (3, 4))
    chart = slide.shapes.add_chart(
        XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(4), Inches(3), data
    ).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Income"
    presentation.save(str(path))
    return bytes(chart.part.blob)


def test_the_data_of_a_chart_on_a_slide_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.pptx"
    chart_slide(path)
    assert PptxReader().read(path).text == f"Income\n\n{_ROWS}"


def test_the_data_of_a_chart_in_a_word_document_is_a_table(tmp_path: Path) -> None:
    blob = chart_slide(tmp_path / "a.pptx")
    document = WordDocument()
    paragraph = document.add_paragraph("Before.")
    kind = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
    part = Part(PackURI("/word/charts/chart1.xml"), kind, blob, document.part.package)
    relation = document.part.relate_to(part, RELATIONSHIP_TYPE.CHART)
    paragraph.add_run()._r.append(
        parse_xml(
            '<w:drawing xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
            'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphic>'
            '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart">'
            '<c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
            'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
            f'r:id="{relation}"/></a:graphicData></a:graphic></w:drawing>'
        )
    )
    path = tmp_path / "a.docx"
    document.save(str(path))
    assert DocxReader().read(path).text == f"Before.\n\nIncome\n\n{_ROWS}"


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def part(name: str, *inner: str) -> str:
    return f"<m:{name}>{''.join(inner)}</m:{name}>"


@pytest.mark.parametrize(
    ("formula", "line"),
    [
        (run("A=π") + part("sSup", part("e", run("r")), part("sup", run("2"))), "A=πr^2"),
        (part("sSub", part("e", run("a")), part("sub", run("n+1"))), "a_(n+1)"),
        (part("f", part("num", run("a+b")), part("den", run("2"))), "(a+b)/2"),
        (part("rad", part("deg", run("3")), part("e", run("x"))), "3√(x)"),
        (part("d", part("e", run("x")), part("e", run("y"))), "(x|y)"),
        (
            '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>'
            + part("sub", run("i=1")) + part("sup", run("n")) + part("e", run("i")) + "</m:nary>",
            "∑_(i=1)^n i",
        ),
    ],
)  # fmt: skip
def test_formulas_stand_on_a_line(tmp_path: Path, formula: str, line: str) -> None:
    document = WordDocument()
    document.add_paragraph()._p.append(parse_xml(f"<m:oMath {_MATH}>{formula}</m:oMath>"))
    path = tmp_path / "a.docx"
    document.save(str(path))
    assert DocxReader().read(path).text == line
