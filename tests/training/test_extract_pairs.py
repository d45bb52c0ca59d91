"""What stands in a document as question and answer is found, with its span; nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from pakar.config import Documents
from pakar.documents.read import read_document
from pakar.training.extract import MOST_ALIKE, extract
from pakar.types import Document, Example

BANK = """\
# Gold Loan

A gold loan is a loan against jewellery kept in the vault.

## Charges

- **Processing fee:** 0.25% of the loan
- Late payment: 2% a month
- Note: terms apply

## How to Apply

1. Visit your branch.
2. Bring your jewellery.

## FAQ

### Can I repay early?

Yes, at any time and without a fee.

Q: Is my jewellery insured?
A: Yes, for its full value.

## Branches

| Branch | IFSC Code | Open on Saturday |
|---|---|---|
| 12 Park Street, Pune | ZX001 | Yes |
| 9 Hill Road, Pune | ZX002 | - |

| Feature | Details |
|---|---|
| Tenure | 12 to 36 months |
"""
BANK_ID = """\
# Pinjaman Emas

Pinjaman emas adalah pinjaman dengan jaminan perhiasan yang disimpan di bank.

## Cara mengajukan pinjaman emas

Datang ke cabang dan bawa perhiasan Anda.

## Biaya

- Biaya administrasi: Rp50.000
"""


def read(folder: Path, text: str, name: str = "gold.md") -> Document:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_document(path, name, Documents())


def pairs(examples: list[Example]) -> dict[str, str]:
    return {one.question: one.answer for one in examples}


def test_an_english_document(tmp_path: Path) -> None:
    found = pairs(extract(read(tmp_path, BANK)))
    assert found == {
        "What is a gold loan?": "A gold loan is a loan against jewellery kept in the vault.",
        'What does "Gold Loan" say under "Charges"?': "Processing fee: 0.25% of the loan\n"
        "Late payment: 2% a month\nNote: terms apply",
        'What is the processing fee according to "Gold Loan"?': "Processing fee: 0.25% of the loan",
        'What does "Gold Loan" say about "Late payment"?': "Late payment: 2% a month",
        'About "Gold Loan": How do I apply?': "1. Visit your branch.\n2. Bring your jewellery.",
        'About "Gold Loan": Is my jewellery insured?': "Yes, for its full value.",
        "What is the IFSC code of 12 Park Street, Pune?": "IFSC Code: ZX001",
        "What is the IFSC code of 9 Hill Road, Pune?": "IFSC Code: ZX002",
        'What does "Gold Loan" give as "Open on Saturday" for 12 Park Street, Pune?': (
            "Open on Saturday: Yes"
        ),
        'What is the tenure according to "Gold Loan"?': "Tenure: 12 to 36 months",
        'About "Gold Loan": Can I repay early?': "Yes, at any time and without a fee.",
    }


def test_an_indonesian_document(tmp_path: Path) -> None:
    found = pairs(extract(read(tmp_path, BANK_ID)))
    assert found["Apa itu pinjaman emas?"].startswith("Pinjaman emas adalah")
    assert found["Bagaimana cara mengajukan pinjaman emas?"].startswith("Datang ke cabang")
    assert (
        found['Apa yang tertulis dalam "Pinjaman Emas" tentang biaya administrasi?']
        == "Biaya administrasi: Rp50.000"
    )


def test_every_answer_stands_in_the_span_that_it_names(tmp_path: Path) -> None:
    document = read(tmp_path, BANK)
    for one in extract(document):
        (source,) = one.sources
        span = document.text[source.start : source.end]
        assert source.content_hash == document.content_hash
        assert all(part in span for line in one.answer.split("\n") for part in line.split(": "))


def test_a_label_that_stands_for_many_is_asked_with_its_owner(tmp_path: Path) -> None:
    text = "# Bank machines\n\n## Oslo\n\n- Harbour Machine\n  - Address: 1 Quay\n\n"
    text += "- Station Machine\n  - Address: 2 Rail Road\n"
    found = pairs(extract(read(tmp_path, text)))
    assert found['What address does "Bank machines" give for Harbour Machine?'] == "Address: 1 Quay"
    assert not any(question.startswith("What is the address acc") for question in found)


def test_a_long_list_does_not_drown_the_rest(tmp_path: Path) -> None:
    rows = "".join(f"| Branch at {n} Long Street | Z{n} |\n" for n in range(500))
    text = f"# Branches of the bank\n\n| Branch address | Code |\n|---|---|\n{rows}"
    found = extract(read(tmp_path, text))
    assert len(found) == MOST_ALIKE
    assert found == extract(read(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "# Title\n",
        "# Title\n\n## Need help?\n\nCall us at once.\n",
        "# Title\n\nThis is a document. It is the best.\n",
        "# Title\n\n## Empty\n\n## Long\n\n" + "word " * 200,
        "# Title\n\nSee https://example.org: it is good.\n",
        "# Titre\n\nLe prêt est un contrat. Il coûte cher et dure longtemps.\n\n- Durée : 3 mois\n",
    ],
)
def test_what_makes_no_question_makes_none(tmp_path: Path, text: str) -> None:
    assert extract(read(tmp_path, text)) == []
