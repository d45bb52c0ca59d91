"""A mailbox of many mails: time and memory of the first `add`, and of one after it has grown.

    python benchmarks/mailbox.py [--mails 10000]

Every tenth mail has an attachment, every second one quotes another. The embedder is the one of
the tests (words hashed into 64 numbers), so that what is measured is mail and index, not a model.
Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path

from pakar import Expert
from pakar.testing import HashEmbedder


def mail(number: int) -> bytes:
    """One mail with its separator."""
    message = EmailMessage()
    message["From"] = f"Ann <ann{number % 50}@bank.example>"
    message["To"] = "Budi <budi@bank.example>"
    message["Subject"] = f"Case {number // 2}"
    message["Date"] = f"{1 + number % 28:02} May 2024 10:22:00 +0700"
    body = f"Case {number}: the customer asked for a locker and paid {number} rupees.\n"
    if number % 2:
        body += "\nOn Thu, 2 May 2024, Budi wrote:\n" + "> What did the customer ask for?\n" * 8
    message.set_content(body)
    if number % 10 == 0:
        message.add_attachment(f"Receipt {number}: {number} rupees.\n", filename="receipt.txt")
    return b"From ann@bank.example Fri May  3 10:22:00 2024\n" + bytes(message) + b"\n"


def peak_mb() -> int:
    """The most memory that this process held, in 10^6 bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return round(kilobytes * 1024 / 1e6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mails", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        expert = Expert.create(Path(folder) / "post")
        vars(expert._place)["embedder"] = HashEmbedder(64)
        box = expert.folder / "inbox.mbox"
        with box.open("wb") as file:
            for number in range(given.mails):
                file.write(mail(number))
        before = peak_mb()
        runs = []
        for _ in range(2):
            started, used = time.perf_counter(), time.process_time()
            report = expert.add(box)
            runs.append(
                {
                    "added": len(report.added),
                    "updated": len(report.updated),
                    "unchanged": len(report.unchanged),
                    "failed": len(report.failed),
                    "seconds": round(time.perf_counter() - started, 1),
                    "cpu_seconds": round(time.process_time() - used, 1),
                }
            )
            with box.open("ab") as file:
                file.write(mail(given.mails))
        result = {
            "mails": given.mails,
            "mailbox_mb": round(box.stat().st_size / 1e6, 1),
            "first": runs[0],
            "one_mail_more": runs[1],
            "peak_mb_before": before,
            "peak_mb": peak_mb(),
        }
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
