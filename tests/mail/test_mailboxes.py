"""Mailboxes and attachments in an index: each a document, followed through all changes."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest
from letters import letter, mailbox

from pakar import AddReport, Expert

FIRST = letter("Fees in May", "A locker costs 900 rupees a year.\n")
SECOND = letter(
    "Cards",
    "The schedule is attached.\n",
    date="Mon, 06 May 2024 09:00:00 +0700",
    files={"fee schedule.txt": b"Blocking a lost debit card is free.\n"},
)
THIRD = letter("Loans", "A loan needs two guarantors.\n", date="Tue, 07 May 2024 09:00:00 +0700")


@pytest.fixture
def expert(tmp_path: Path, testing_backend: str) -> Expert:
    return Expert.create(tmp_path / "bank", embedder=testing_backend)


def put(expert: Expert, name: str, data: bytes) -> AddReport:
    """Writes a file into the folder `mail`, and adds the folder."""
    file = expert.folder / "mail" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)
    return expert.add(expert.folder / "mail")


def names(expert: Expert) -> list[str]:
    return list(expert.status().documents)


def test_a_mailbox_gives_a_document_a_mail_and_one_an_attachment(expert: Expert) -> None:
    report = put(expert, "inbox.mbox", mailbox([FIRST, SECOND]))
    assert report.failed == ()
    assert names(expert) == [
        "mail/inbox.mbox/2024-05-03 Fees in May",
        "mail/inbox.mbox/2024-05-06 Cards",
        "mail/inbox.mbox/2024-05-06 Cards/fee schedule.txt",
    ]
    assert not list((expert.folder / ".pakar").rglob("*.eml"))


def test_an_attachment_is_found_with_its_mail(expert: Expert) -> None:
    put(expert, "inbox.mbox", mailbox([FIRST, SECOND]))
    answer = expert.ask("Is blocking a lost debit card free?", route="extract")
    cited = answer.citations[0]
    assert cited.document == "mail/inbox.mbox/2024-05-06 Cards/fee schedule.txt"
    assert cited.title == "fee schedule (in: Cards)"
    assert cited.quote == "Blocking a lost debit card is free."
    mail = expert.document("mail/inbox.mbox/2024-05-06 Cards")
    assert mail.text.endswith("Attachments: fee schedule.txt")


def test_mails_stay_as_they_are_when_the_mailbox_changes(expert: Expert) -> None:
    put(expert, "inbox.mbox", mailbox([FIRST, SECOND]))
    grown = put(expert, "inbox.mbox", mailbox([FIRST, SECOND, THIRD]))
    assert grown.added == ("mail/inbox.mbox/2024-05-07 Loans",)
    assert len(grown.unchanged) == 3
    shrunk = put(expert, "inbox.mbox", mailbox([SECOND, THIRD]))
    assert shrunk.removed == ("mail/inbox.mbox/2024-05-03 Fees in May",)
    assert (shrunk.added, shrunk.updated) == ((), ())


def test_removing_a_mail_removes_its_attachments(expert: Expert) -> None:
    put(expert, "inbox.mbox", mailbox([FIRST, SECOND]))
    expert.remove("mail/inbox.mbox/2024-05-06 Cards")
    assert names(expert) == ["mail/inbox.mbox/2024-05-03 Fees in May"]
    put(expert, "inbox.mbox", mailbox([FIRST, SECOND]))
    (expert.folder / "mail" / "inbox.mbox").unlink()
    report = expert.add()
    assert len(report.removed) == 3
    assert names(expert) == []


def test_a_changed_mail_changes_its_attachments(expert: Expert) -> None:
    both = {"a.txt": b"The first file says ten.", "b.txt": b"The second file says twenty."}
    put(expert, "note.eml", letter("Files", "See both.\n", files=both).as_bytes())
    both = {"b.txt": b"The second file says twenty.", "c.txt": b"A third file says thirty."}
    report = put(expert, "note.eml", letter("Files", "See these.\n", files=both).as_bytes())
    assert report.updated == ("mail/note.eml",)
    assert report.added == ("mail/note.eml/c.txt",)
    assert report.removed == ("mail/note.eml/a.txt",)
    assert report.unchanged == ("mail/note.eml/b.txt",)


def test_a_mail_within_a_mail_is_a_document_with_its_own_attachments(expert: Expert) -> None:
    outer = letter("Have a look", "I pass this on.\n", mails=[SECOND])
    put(expert, "note.eml", outer.as_bytes())
    assert names(expert) == [
        "mail/note.eml",
        "mail/note.eml/Cards.eml",
        "mail/note.eml/Cards.eml/fee schedule.txt",
    ]


def test_mails_nested_too_deeply_are_passed_over_and_told(expert: Expert) -> None:
    mail = letter("Mail 9", "The innermost.\n")
    for number in range(8, -1, -1):
        mail = letter(f"Mail {number}", "Another around it.\n", mails=[mail])
    report = put(expert, "note.eml", mail.as_bytes())
    assert len(report.added) == 6
    assert [one.error for one in report.skipped] == ["lies more than 5 mails deep: not read"]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("../../../etc/passwd.txt", "mail/note.eml/passwd.txt"),
        ("C:\\Windows\\notes.txt", "mail/note.eml/notes.txt"),
        ("/etc/cron.d/x.txt", "mail/note.eml/x.txt"),
        ("...txt.txt", "mail/note.eml/txt.txt"),
        ("a\x00b\u202etxt.txt", "mail/note.eml/a b txt.txt"),
        ("x" * 300 + ".txt", "mail/note.eml/" + "x" * 76 + ".txt"),
    ],
)
def test_a_hostile_name_stays_a_name(expert: Expert, name: str, document: str) -> None:
    mail = letter("Files", "See the file.\n", files={"file.txt": b"The file says ten."})
    attached = next(mail.iter_attachments())
    attached.replace_header("Content-Disposition", "attachment")
    attached.set_param("filename", name, header="Content-Disposition", charset="utf-8")
    put(expert, "note.eml", mail.as_bytes())
    assert document in names(expert)
    below = {path.name for path in expert.folder.parent.iterdir()}
    assert below <= {expert.folder.name, "plugin"}


def test_equal_names_are_kept_apart(expert: Expert) -> None:
    mail = letter("Files", "See the files.\n")
    for text in (b"The first says ten.", b"The second says twenty."):
        mail.add_attachment(text, maintype="text", subtype="plain", filename="file.txt")
    put(expert, "note.eml", mail.as_bytes())
    assert names(expert) == [
        "mail/note.eml",
        "mail/note.eml/file (2).txt",
        "mail/note.eml/file.txt",
    ]
    put(expert, "inbox.mbox", mailbox([FIRST, FIRST]))
    assert "mail/inbox.mbox/2024-05-03 Fees in May (2)" in names(expert)


def test_archives_are_passed_over_and_bad_attachments_reported(expert: Expert) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("inner.txt", "text")
    files = {"all.zip": archive.getvalue(), "broken.pdf": b"%PDF-1.4 nothing", "b.txt": b"Ten."}
    report = put(expert, "note.eml", letter("Files", "See them.\n", files=files).as_bytes())
    assert [(one.source, one.error) for one in report.skipped] == [
        ("mail/note.eml/all.zip", "an archive: not read")
    ]
    assert [one.source for one in report.failed] == ["mail/note.eml/broken.pdf"]
    assert report.added == ("mail/note.eml/b.txt", "mail/note.eml")


def test_a_mail_over_the_limit_is_told_and_the_rest_read(
    expert: Expert, testing_backend: str
) -> None:
    file = expert.folder / "pakar.toml"
    file.write_text(file.read_text().replace("max_megabytes = 100", "max_megabytes = 1"))
    large = letter("Large", "x" * 70 + "\n", files={"big.txt": b"word " * 400_000})
    report = put(Expert.open(expert.folder), "inbox.mbox", mailbox([FIRST, large, THIRD]))
    assert len(report.added) == 2
    assert [one.error for one in report.skipped] == ["has more than 1 MB: not read"]


@pytest.mark.slow
def test_a_mail_that_its_parser_never_ends_is_one_line(
    expert: Expert, testing_backend: str
) -> None:
    """The standard library needs minutes for such a list of senders."""
    file = expert.folder / "pakar.toml"
    text = file.read_text()
    file.write_text(text.replace("seconds = 60", "seconds = 10", 1))
    assert file.read_text() != text
    endless = b"Subject: Endless\nDate: Fri, 03 May 2024 10:22:00 +0700\nFrom: " + b"a," * 400_000
    box = mailbox([FIRST]) + b"From a@b Fri May  3 10:22:00 2024\n" + endless + b"\n\nText\n\n"
    report = put(Expert.open(expert.folder), "inbox.mbox", box + mailbox([SECOND]))
    (failed,) = report.failed
    assert failed.source == "mail/inbox.mbox/2024-05-03 Endless"
    assert failed.error.endswith("was not read within 10 s")
    assert len(report.added) == 3


def test_headers_that_never_end_name_a_mail_all_the_same(expert: Expert) -> None:
    long = b"From: ann@bank.example\nSubject: Fees" + b" of the year" * 5_000 + b"\n\nTen.\n"
    put(expert, "inbox.mbox", b"From a@b Fri May  3 10:22:00 2024\n" + long)
    (name,) = names(expert)
    assert name.startswith("mail/inbox.mbox/Fees of the year")


def test_lines_that_look_like_separators_stay_in_their_mail(expert: Expert) -> None:
    mail = letter("Fees", "He wrote:\n\nFrom the year 2024 a locker costs 900 rupees.\n")
    put(expert, "inbox.mbox", mailbox([mail, THIRD]))
    text = expert.document("mail/inbox.mbox/2024-05-03 Fees").text
    assert "From the year 2024 a locker costs 900 rupees." in text


def test_a_file_that_is_a_mailbox_by_its_content_can_be_named(expert: Expert) -> None:
    file = expert.folder / "Inbox"
    file.write_bytes(mailbox([FIRST]))
    assert expert.add(file).added == ("Inbox/2024-05-03 Fees in May",)


def test_an_attachment_from_a_run_that_was_ended_is_not_left_behind(expert: Expert) -> None:
    """The parts of a changed mail are settled before the mail itself counts as read."""
    from pakar.index import build

    mail = letter("Files", "See it.\n", files={"a.txt": b"The first says ten."})
    put(expert, "note.eml", mail.as_bytes())
    changed: EmailMessage = letter("Files", "No file any more.\n")
    real = build.Indexer._tidy
    build.Indexer._tidy = lambda self: (_ for _ in ()).throw(KeyboardInterrupt)  # type: ignore[method-assign,assignment]
    try:
        with pytest.raises(KeyboardInterrupt):
            put(expert, "note.eml", changed.as_bytes())
    finally:
        build.Indexer._tidy = real  # type: ignore[method-assign]
    expert.add()
    assert names(expert) == ["mail/note.eml"]
