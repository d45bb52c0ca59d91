"""The language of documents and of short questions."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pakar.language.detect import detect


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("What does a cheque book cost?", "en"),
        ("How much is it?", "en"),
        ("Berapa biaya buku cek?", "id"),
        ("Kapan Galileo Galilei lahir?", "id"),
        ("Siapa suami Custanza?", "id"),
        ("Was kostet ein Scheckheft bei dieser Bank?", "de"),
        ("¿Cuánto cuesta un talonario de cheques?", "es"),
        ("支票簿要多少钱", "zh"),
        ("小切手帳はいくらですか", "ja"),
        ("Nasabah dapat mengajukan pinjaman di kantor cabang terdekat.", "id"),
        ("Pelanggan boleh memohon pinjaman di cawangan yang berhampiran.", "id"),  # Malay
    ],
)
def test_language(text: str, code: str) -> None:
    assert detect(text) == code


@pytest.mark.parametrize("text", ["", "   ", "42", "ZX-1", "?!", "0562-2298001 | 12,5%"])
def test_what_says_nothing_is_und(text: str) -> None:
    assert detect(text) == "und"


def test_a_long_text_is_sampled_throughout() -> None:
    foreword = "Kata pengantar ini ditulis oleh direksi bank. " * 4
    body = "The customer pays the fee at the branch or in the app. " * 20_000
    assert detect(foreword + body) == "en"


@given(st.text(max_size=200))
def test_any_text_gets_a_code(text: str) -> None:
    code = detect(text)
    assert code == "und" or (len(code) == 2 and code.isascii() and code.islower())


def test_importing_loads_no_model() -> None:
    script = "import sys, pakar.language.detect; print('py3langid' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
