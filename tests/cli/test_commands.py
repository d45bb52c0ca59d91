"""The commands as scripts and people use them: output, exit codes, one clear error each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pakar import Expert
from pakar.cli.main import app

FEES = "# Fees\n\nA cheque book costs 50 rupees. A locker costs 900 rupees a year.\n"


def pakar(*arguments: str, expert: Expert | None = None, stdin: str | None = None) -> Result:
    at = ["--expert", str(expert.folder)] if expert else []
    return CliRunner().invoke(app, [*arguments, *at], input=stdin, env={"COLUMNS": "200"})


def document(result: Result) -> dict[str, object]:
    """Standard output, which must be one JSON document and nothing else."""
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """What the model says, one answer a line."""
    path = tmp_path / "answers.txt"
    path.write_text("A cheque book costs 50 rupees.\nI don't know.\n", encoding="utf-8")
    return path


@pytest.fixture
def empty(tmp_path: Path, testing_backend: str, answers: Path) -> Expert:
    made = Expert.create(
        tmp_path / "bank", embedder=testing_backend, language_model=f"testing:{answers}"
    )
    (made.folder / "documents").mkdir()
    return made


@pytest.fixture
def expert(empty: Expert) -> Expert:
    """An expert with one indexed document."""
    (empty.folder / "documents" / "fees.md").write_text(FEES, encoding="utf-8")
    empty.add(empty.folder / "documents")
    return empty


# JSON ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_json_of_every_command_is_one_document(empty: Expert, tmp_path: Path) -> None:
    (empty.folder / "documents" / "fees.md").write_text(FEES, encoding="utf-8")
    made = document(pakar("new", str(tmp_path / "other"), "--json"))
    assert made == {"expert": str(tmp_path / "other")}
    added = document(pakar("add", str(empty.folder / "documents"), "--json", expert=empty))
    assert added["added"] == ["documents/fees.md"]
    assert set(added) >= {
        "added",
        "updated",
        "unchanged",
        "removed",
        "passages",
        "failed",
        "seconds",
    }
    status = document(pakar("status", "--json", expert=empty))
    assert (status["documents"], status["adapters"], status["problem"]) == (1, [], "")
    (hit,) = document(pakar("search", "cheque book", "--json", expert=empty))["hits"]
    assert set(hit) >= {"document", "page", "heading", "start", "end", "text", "kind", "score"}
    answer = document(pakar("ask", "What does a cheque book cost?", "--json", expert=empty))
    assert answer["answer"] == "A cheque book costs 50 rupees."
    (citation,) = answer["citations"]
    assert set(citation) >= {
        "document", "page", "heading", "start", "end", "quote", "answer_start", "answer_end",
        "score",
    }  # fmt: skip
    assert set(answer["timings"]) == {"retrieval", "first_token", "total"}
    assert document(pakar("reindex", "--json", expert=empty))["added"] == ["documents/fees.md"]
    removed = document(pakar("remove", "documents/fees.md", "--json", expert=empty))
    assert removed["removed"] == ["documents/fees.md"]
    assert document(pakar("doctor", "--json", expert=empty))["checks"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "x"], ["remove", "x"], ["reindex"], ["status"], ["search", "x"], ["ask", "x"],
        ["ask", "x", "--route", "extract"],
    ],
)  # fmt: skip
def test_an_error_is_one_document_too(arguments: list[str], tmp_path: Path) -> None:
    result = pakar(*arguments, "--json", "--expert", str(tmp_path))
    assert result.exit_code == 1
    assert set(document(result)) == {"error", "hint"}
    assert "is no expert" in document(result)["error"]
    assert "pakar new" in document(result)["hint"]
    assert "Traceback" not in result.output


def test_any_text_survives_as_json(expert: Expert) -> None:
    text = '# Odd\n\nZebra: "quotes", \\ and ünï¢ode 卡 and \u2028 and \x1b[31m.\n'
    (expert.folder / "documents" / "odd.md").write_text(text, encoding="utf-8")
    expert.add()
    hits = document(pakar("search", "zebra", "--json", expert=expert))["hits"]
    assert 'Zebra: "quotes", \\ and ünï¢ode 卡' in hits[0]["text"]


# People ----------------------------------------------------------------------------------------


def test_an_answer_is_shown_with_its_sources(expert: Expert) -> None:
    result = pakar("ask", "What does a cheque book cost?", expert=expert)
    assert result.exit_code == 0
    assert result.stdout.startswith("A cheque book costs 50 rupees.\n")
    assert "[1] documents/fees.md, Fees" in result.stdout
    assert "“A cheque book costs 50 rupees.”" in result.stdout


def test_hits_are_shown_with_their_scores(expert: Expert) -> None:
    result = pakar("search", "cheque book", expert=expert)
    assert "1. documents/fees.md, Fees" in result.stdout
    assert "vector" in result.stdout
    assert "words" in result.stdout
    nothing = pakar("search", "cheque book", "--heading", "absent", expert=expert)
    assert (nothing.exit_code, nothing.stdout) == (0, "Nothing found.\n")


def test_a_conversation_on_standard_input(expert: Expert) -> None:
    result = pakar("ask", expert=expert, stdin="What does a cheque book cost?\nexit\nnever asked\n")
    assert result.exit_code == 0
    assert "A cheque book costs 50 rupees." in result.stdout
    assert "never asked" not in result.stdout


def test_a_conversation_goes_on_after_a_question_that_failed(expert: Expert) -> None:
    too_long = "What does a cheque book cost? " * 2000
    result = pakar("ask", expert=expert, stdin=f"{too_long}\nWhat does a cheque book cost?\n")
    assert "tokens" in result.stdout
    assert "A cheque book costs 50 rupees." in result.stdout
    assert "Traceback" not in result.output


def test_a_conversation_without_documents_fails_at_once(empty: Expert) -> None:
    result = pakar("ask", expert=empty, stdin="What?\n")
    assert result.exit_code == 1
    assert "pakar add" in result.stderr


def test_no_document_can_steer_the_terminal(expert: Expert, answers: Path) -> None:
    evil = (
        "<h1>Zebra &#x1b;]0;owned&#x7;</h1><p>The zebra &#x1b;[2Jfund &#x9b;31m\x9b31m pays"
        " 7 percent&#x202e; [red]now[/red] [/bold] \\[x] &#8;.</p>"
    )
    (expert.folder / "documents" / "evil\x1b[31m.html").write_text(evil, encoding="utf-8")
    answers.write_text("The zebra \x1b[2Jfund pays [bold]7 percent\x07 now.\n", encoding="utf-8")
    shown = pakar("add", expert=expert).output
    for arguments in (["search", "zebra"], ["status"], ["ask", "What does the zebra fund pay?"],
                      ["ask", "What does the zebra fund pay?", "--route", "extract"]):  # fmt: skip
        result = pakar(*arguments, expert=expert)
        assert result.exit_code == 0, result.output
        shown += result.output
    assert "zebra" in shown
    for character in "\x1b\x07\x08\x9b\u202e":
        assert character not in shown
    assert "[red]now[/red]" in shown
    assert "evil\ufffd[31m.html" in shown


# Errors ----------------------------------------------------------------------------------------


def test_a_wrong_key_names_itself_and_the_nearest(expert: Expert) -> None:
    file = expert.folder / "pakar.toml"
    text = file.read_text(encoding="utf-8").replace("temperature = 0.0", "temprature = 1")
    file.write_text(text, encoding="utf-8")
    result = pakar("status", expert=expert)
    assert result.exit_code == 1
    assert "'answering.temprature'" in result.stderr
    assert "'temperature'" in result.stderr
    assert result.stdout == ""


def test_a_missing_model_names_the_way_to_get_it(expert: Expert) -> None:
    file = expert.folder / "pakar.toml"
    text = file.read_text(encoding="utf-8")
    line = next(one for one in text.splitlines() if one.startswith("language_model"))
    hub = 'language_model = "hf:microsoft/Phi-4-mini-instruct"'
    file.write_text(text.replace(line, hub), encoding="utf-8")
    result = pakar("ask", "What does a cheque book cost?", "--json", expert=expert)
    assert result.exit_code == 1
    problem = document(result)
    assert "Phi-4-mini-instruct" in problem["error"]
    assert "download" in problem["hint"]
    extracted = pakar("ask", "What does a cheque book cost?", "--route", "extract", expert=expert)
    assert extracted.exit_code == 0


def test_an_unknown_route_names_the_nearest(expert: Expert) -> None:
    result = pakar("ask", "x", "--route", "rga", expert=expert)
    assert result.exit_code == 1
    assert "'rag'" in result.stderr


def test_an_expert_is_not_made_twice(expert: Expert) -> None:
    before = (expert.folder / "pakar.toml").read_bytes()
    result = pakar("new", str(expert.folder))
    assert result.exit_code == 1
    assert (expert.folder / "pakar.toml").read_bytes() == before


def bad_files(folder: Path) -> None:
    """One of each kind of trouble that a folder of documents has in store."""
    (folder / "empty.txt").write_bytes(b"")
    (folder / "lies.pdf").write_text("This is plain text, whatever its name says.")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type")
    (folder / "encrypted.docx").write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + "EncryptedPackage".encode("utf-16-le") * 9
        + bytes(4096)
    )
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 20)
    with zipfile.ZipFile(folder / "hollow.docx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(200_000_000)
    (folder / "loop").mkdir()
    (folder / "loop" / "again").symlink_to(folder / "loop", target_is_directory=True)
    (folder / "nowhere.md").symlink_to(folder / "absent.md")
    locked_pdf(folder / "locked.pdf")
    scan_pdf(folder / "scan.pdf")


def locked_pdf(path: Path) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    page = Canvas(str(path), encrypt=StandardEncryption("user", "owner"))
    page.drawString(72, 700, "secret words")
    page.save()


def scan_pdf(path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    page = Canvas(str(path))
    page.rect(72, 72, 300, 300, fill=1)
    page.save()


def test_bad_files_are_one_line_each_and_the_rest_goes_on(expert: Expert) -> None:
    folder = expert.folder / "documents"
    bad_files(folder)
    (folder / "good.md").write_text("# Good\n\nSome good words stand here.\n", encoding="utf-8")
    result = pakar("add", str(folder), "--json", expert=expert)
    assert result.exit_code == 3
    report = document(result)
    assert "documents/good.md" in report["added"]
    failed = {one["source"]: one for one in report["failed"]}
    assert set(failed) >= {
        f"documents/{name}"
        for name in (
            "empty.txt", "broken.pdf", "encrypted.docx", "hollow.docx", "huge.txt", "loop/again",
            "nowhere.md", "locked.pdf", "scan.pdf", "binary.txt",
        )
    }  # fmt: skip
    for one in failed.values():
        assert "\n" not in one["error"]
        assert "Traceback" not in one["error"]
        assert one["error"]
        assert one["hint"], one
    assert "200.0 MB" in failed["documents/huge.txt"]["error"]
    assert "password" in " ".join(failed["documents/locked.pdf"].values())
    assert "password" in " ".join(failed["documents/encrypted.docx"].values())
    told = [*failed, *report["added"], *report["warnings"]]
    assert any("lies.pdf" in one for one in told)


def test_bad_files_for_people(expert: Expert) -> None:
    folder = expert.folder / "documents"
    bad_files(folder)
    result = pakar("add", str(folder), expert=expert)
    assert result.exit_code == 3
    lines = [line for line in result.stdout.splitlines() if "empty.txt" in line]
    assert len(lines) == 1
    assert ".." not in lines[0]


def test_a_missing_folder_is_one_line(expert: Expert) -> None:
    result = pakar("add", "absent-folder", expert=expert)
    assert result.exit_code == 3
    assert "absent-folder: does not exist" in result.stdout


# Processes -------------------------------------------------------------------------------------


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from pakar.cli.main import run; run()", *arguments]


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_error_message(expert: Expert) -> None:
    process = subprocess.Popen(
        command("search", "cheque book", "--expert", str(expert.folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 1
    assert said == b""


def test_a_terminal_that_lacks_characters_gets_others(expert: Expert) -> None:
    done = subprocess.run(
        command("ask", "What does a cheque book cost?", "--expert", str(expert.folder)),
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"A cheque book costs 50 rupees." in done.stdout


@pytest.mark.slow
def test_an_interrupt_says_that_nothing_is_lost(expert: Expert) -> None:
    for number in range(400):
        path = expert.folder / "documents" / f"{number}.md"
        path.write_text(f"# Part {number}\n\n" + "Some words. " * 300, encoding="utf-8")
    process = subprocess.Popen(
        command("add", "--json", "--expert", str(expert.folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    holder = expert.folder / ".pakar" / "writer.json"
    holder.unlink()
    deadline = time.monotonic() + 30
    while not holder.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(out)["error"] == "interrupted"
    assert b"Interrupted" in said
    assert b"Traceback" not in said
    done = pakar("add", "--json", expert=expert)
    assert done.exit_code == 0
    assert len(document(pakar("status", "--json", expert=expert))["names"]) == 401
