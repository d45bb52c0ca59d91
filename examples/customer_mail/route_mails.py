"""Incoming mails: each gets a topic and a draft with its sources, and goes to a person where the
support is thin.

    python examples/customer_mail/route_mails.py EXPERT OUT [--route extract] [--label-by nearest]

EXPERT is the folder of an expert with the bank's documents (it is made from examples/zx_bank where
it does not exist), OUT the folder for the drafts. Runs offline with the bundled models.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from email import message_from_bytes, policy
from pathlib import Path

from pakar import Expert
from pakar.flows.batch import BatchRequest
from pakar.flows.row_files import harmless

HERE = Path(__file__).resolve().parent
DOCUMENTS = HERE.parent / "zx_bank" / "documents"
_QUOTED = re.compile(r"^>.*$|^On .* wrote:$", re.MULTILINE)
_ASKED = re.compile(r"[^.?!\n]+\?")


def mail_text(path: Path) -> tuple[str, str]:
    """Subject and plain text of a mail, without what it quotes."""
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = mail.get_body(preferencelist=("plain",))
    text = str(body.get_content()) if body is not None else ""
    return str(mail["Subject"] or ""), _QUOTED.sub("", text).strip()


def question_of(subject: str, text: str) -> str:
    """What is asked: the subject and the sentences with a question mark, else the whole mail.

    Greetings and thanks stand in no document; they only make it harder to find the answer.
    """
    asked = " ".join(one.strip() for one in _ASKED.findall(text))
    return f"{subject}. {asked or text}"


def opened(folder: Path, documents: list[str]) -> Expert:
    """The expert in the folder; a new one learns of the bank's documents first."""
    if (folder / "pakar.toml").is_file():
        return Expert.open(folder)
    expert = Expert.create(folder)
    done = expert.add(*([DOCUMENTS / name for name in documents] or [DOCUMENTS]))
    for one in done.failed:
        print(f"Not read: {one.source}: {one.error}", file=sys.stderr)
    return expert


def route_mails(expert: Expert, out: Path, route: str, *, nearest: bool) -> list[dict[str, str]]:
    """Writes OUT/drafts/NAME.txt for each mail and OUT/queue.csv, which says who sends it."""
    out.mkdir(parents=True, exist_ok=True)
    rows = out / "mails.jsonl"
    with rows.open("w", encoding="utf-8") as file:
        for path in sorted((HERE / "mails").glob("*.eml")):
            subject, text = mail_text(path)
            asked = question_of(subject, text)
            row = {"id": path.stem, "subject": subject, "question": asked, "mail": text}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    request = BatchRequest(route, HERE / "fields.json", nearest=nearest, overwrite=True)
    answered = out / "answered.jsonl"
    expert.batch(rows, answered, request)
    queue = [_sorted_in(json.loads(line), out) for line in answered.read_text("utf-8").splitlines()]
    with (out / "queue.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["mail", "topic", "to", "why"], lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: harmless(value) for key, value in one.items()} for one in queue)
    return queue


def _sorted_in(row: dict[str, object], out: Path) -> dict[str, str]:
    """A draft on the disk, and one line of the queue."""
    why = str(row["error"] or row["review"])
    if row["topic"] in ("fraud", "other"):
        why = why or f"mails about {row['topic']} are for a person"
    sources = row["sources"] if isinstance(row["sources"], list) else []
    lines = [f"Subject: Re: {row['subject']}", "", str(row["answer"]), "", "Sources:"]
    lines += [f"- {one['document']}: “{' '.join(one['quote'].split())}”" for one in sources]
    draft = out / "drafts" / f"{row['id']}.txt"
    draft.parent.mkdir(exist_ok=True)
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {
        "mail": str(row["id"]),
        "topic": str(row["topic"] or ""),
        "to": "human" if why else "draft",
        "why": why,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("expert", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--route", default="extract", help="as for pakar ask")
    parser.add_argument("--label-by", choices=("nearest", "model"), default="nearest")
    parser.add_argument("--document", action="append", default=[], help="only this; repeatable")
    asked = parser.parse_args()
    expert = opened(asked.expert, asked.document)
    queue = route_mails(expert, asked.out, asked.route, nearest=asked.label_by == "nearest")
    topics = json.loads((HERE / "topics.json").read_text("utf-8"))
    for one in queue:
        print(f"{one['mail']:<20} {one['topic']:<8} {one['to']:<6} {one['why']}")
    right = sum(topics[one["mail"]] == one["topic"] for one in queue)
    print(f"{right} of {len(queue)} topics are those of topics.json ({asked.label_by})")


if __name__ == "__main__":
    main()
