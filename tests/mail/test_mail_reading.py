"""A mail as a document: headers in words, what its sender wrote, nothing that is only repeated."""

from __future__ import annotations

from pathlib import Path

import pytest
from letters import letter

from pakar import Document, SourceError
from pakar.config import Documents
from pakar.documents.read import read_document


def read(path: Path, data: bytes, name: str = "note.eml") -> Document:
    file = path / name
    file.write_bytes(data)
    return read_document(file, f"mail/{name}", Documents())


def raw(body: str, *headers: str) -> bytes:
    head = ["From: Ann <ann@bank.example>", "Subject: Fees", *headers]
    return ("\r\n".join(head) + "\r\n\r\n" + body.replace("\n", "\r\n")).encode("utf-8")


def test_headers_become_text_and_the_subject_is_the_title(tmp_path: Path) -> None:
    mail = letter("Fees in May", "The locker costs 900 rupees.\n")
    document = read(tmp_path, mail.as_bytes())
    assert document.title == "Fees in May"
    assert document.media_type == "message/rfc822"
    assert document.text == (
        "Fees in May\n\nFrom: Ann Lee <ann@bank.example>\nTo: Budi <budi@bank.example>\n"
        "Date: 2024-05-03 10:22 +0700\n\nThe locker costs 900 rupees."
    )
    assert [mark.value for mark in document.marks if mark.kind == "heading"] == ["Fees in May"]


def test_encoded_names_and_subjects_are_decoded(tmp_path: Path) -> None:
    data = (
        b"From: =?utf-8?q?Andr=C3=A9?= <a@x.example>\nTo: =?bad?x?broken?= <b@x.example>\n"
        b"Subject: =?iso-8859-1?q?Geb=FChren?= 2024\n\nText.\n"
    )
    document = read(tmp_path, data)
    assert document.title == "Gebühren 2024"
    assert "From: André <a@x.example>" in document.text
    assert "b@x.example" in document.text


def test_text_in_a_wrong_or_unknown_charset_is_read_as_well_as_it_can_be(tmp_path: Path) -> None:
    for charset in ("x-unknown", "us-ascii", "utf-8"):
        head = f"Subject: Fees\nContent-Type: text/plain; charset={charset}\n\n".encode()
        text = "Die Gebühren für das Schließfach betragen 900 Euro im Jahr, zuzüglich Porto.\n"
        document = read(tmp_path, head + text.encode("latin-1"))
        assert "Gebühren für das Schließfach" in document.text


def test_plain_text_is_preferred_and_html_is_read_where_it_stands_alone(tmp_path: Path) -> None:
    mail = letter("Fees", "In plain words.\n")
    mail.add_alternative("<p>In <b>HTML</b>.</p>", subtype="html")
    assert "In plain words." in read(tmp_path, mail.as_bytes()).text
    assert "HTML" not in read(tmp_path, mail.as_bytes()).text
    only = raw(
        "<html><body><h2>Rates</h2><script>x()</script><p>A locker costs 900.</p></body></html>",
        "Content-Type: text/html",
    )
    assert read(tmp_path, only).text.endswith("Rates\n\nA locker costs 900.")


@pytest.mark.parametrize(
    ("body", "kept", "left_out"),
    [
        (
            "Yes, 900.\n\nOn Fri, 3 May 2024 at 10:22, Ann <ann@x.example> wrote:\n"
            "> What does it\n> cost?\n",
            "Yes, 900.",
            "3 quoted line(s)",
        ),
        (
            "Ya, 900.\n\nPada Jum, 3 Mei 2024 pukul 10.22 Ann\n<ann@x.example> menulis:\n"
            "\n> Berapa?\n",
            "Ya, 900.",
            "3 quoted line(s)",
        ),
        (
            "Yes.\n\n-----Original Message-----\nFrom: Ann\nSent: Friday\nTo: Budi\n"
            "Subject: x\n\nCost?\n",
            "Yes.",
            "6 quoted line(s)",
        ),
        (
            "Ya.\n\n________________________________\nDari: Ann <a@x.example>\nDikirim: Jumat\n"
            "Kepada: Budi\nSubjek: x\n\nBerapa?\n",
            "Ya.",
            "6 quoted line(s)",
        ),
        ("Yes, 900.\n\n-- \nAnn Lee\nHead of lockers\n", "Yes, 900.", "3 line(s) of signature"),
        ("Yes, 900.\n\nSent from my iPhone\n", "Yes, 900.", "1 line(s) of signature"),
        ("Ya.\n\nDikirim dari iPhone saya\n", "Ya.", "1 line(s) of signature"),
    ],
)  # fmt: skip
def test_quotes_and_signatures_are_cut_and_counted(
    tmp_path: Path, body: str, kept: str, left_out: str
) -> None:
    document = read(tmp_path, raw(body))
    assert document.text.endswith(f"\n\n{kept}")
    assert document.warnings == (f"left out: {left_out}",)


@pytest.mark.parametrize(
    "body",
    [
        "> What does a locker cost?\n",
        "> Is it 900?\nYes.\n\n> And the year after?\nThe same.\n",
        "On Monday we met the auditors, who wrote:\nall is well.\n",
        "From: the archive\nwe took the fees of 2019.\n",
        "Dari: mana uang itu?\n",
    ],
)
def test_a_quote_stays_where_the_mail_means_nothing_without_it(tmp_path: Path, body: str) -> None:
    document = read(tmp_path, raw(body))
    words = body.replace("\n", " ").split()
    assert [word for word in words if word not in document.text.split()] == []
    assert document.warnings == ()


def test_a_forwarded_mail_is_kept(tmp_path: Path) -> None:
    body = (
        "See below.\n\n---------- Forwarded message ---------\nFrom: Ann\nDate: Friday\n"
        "Subject: Fees\nTo: Budi\n\nA locker costs 900.\n"
    )
    assert "A locker costs 900." in read(tmp_path, raw(body)).text
    outlook = body.replace("---------- Forwarded message ---------", "-----Original Message-----")
    data = raw(outlook).replace(b"Subject: Fees\r\n\r\n", b"Subject: FW: Fees\r\n\r\n", 1)
    assert "A locker costs 900." in read(tmp_path, data).text


def test_quotes_in_html_are_cut_by_their_marks(tmp_path: Path) -> None:
    body = (
        "<div>Yes, 900.</div><div class='gmail_quote'>On Friday Ann wrote:"
        "<blockquote>What does it cost?</blockquote></div>"
    )
    document = read(tmp_path, raw(body, "Content-Type: text/html"))
    assert document.text.endswith("Yes, 900.")
    assert document.warnings == ("a quoted mail or a signature was left out",)
    outlook = (
        "<p>Yes.</p><div id='appendonsend'></div><hr>"
        "<div id='divRplyFwdMsg'>From: Ann</div><p>Old</p>"
    )
    assert "Old" not in read(tmp_path, raw(outlook, "Content-Type: text/html")).text
    quote = "<blockquote type='cite'>Only this.</blockquote>"
    assert "Only this." in read(tmp_path, raw(quote, "Content-Type: text/html")).text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            b"Subject: Secret\nContent-Type: multipart/encrypted; boundary=x\n\n"
            b"--x\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--x--\n",
            "the body is encrypted (PGP) and cannot be read",
        ),
        (
            b"Subject: Secret\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n",
            "the body is encrypted (PGP) and cannot be read",
        ),
        (
            b"Subject: Secret\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\n"
            b"Content-Transfer-Encoding: base64\n\nMIIB\n",
            "the body is encrypted (S/MIME) and cannot be read",
        ),
    ],
)
def test_an_encrypted_body_is_told(tmp_path: Path, data: bytes, reason: str) -> None:
    document = read(tmp_path, data)
    assert document.text == "Secret"
    assert document.warnings == (reason,)


def test_a_signed_mail_is_read(tmp_path: Path) -> None:
    data = (
        b"Subject: Signed\nContent-Type: multipart/signed; boundary=x\n\n--x\n\nThe fee is 900.\n"
        b"--x\nContent-Type: application/pkcs7-signature; name=smime.p7s\n\nMIIB\n--x--\n"
    )
    assert read(tmp_path, data).text == "Signed\n\nThe fee is 900."


def test_the_mail_names_its_attachments(tmp_path: Path) -> None:
    mail = letter("Fees", "See the file.\n", files={"fee schedule.txt": b"A locker costs 900."})
    assert read(tmp_path, mail.as_bytes()).text.endswith("Attachments: fee schedule.txt")


def test_a_mail_that_nests_without_end_is_bounded(tmp_path: Path) -> None:
    deep = b"Subject: Deep\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(200)
    )
    document = read(tmp_path, deep)
    assert "nested deeper" in document.warnings[0]
    many = b"Subject: Many\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 5_000
    assert read(tmp_path, many + b"--b--\n").warnings != ()


@pytest.mark.parametrize("data", [b"\n\n", b"  \n", b"X-Mailer: none\n\n"])
def test_what_is_no_mail_is_refused_in_one_line(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, data)
    assert "\n" not in str(caught.value)


def test_an_outlook_file_that_is_damaged_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("oxmsg")
    stream = "__properties_version1.0".encode("utf-16-le")
    with pytest.raises(SourceError, match="no mail that can be read"):
        read(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + stream, "note.msg")
