"""Documents and questions of one company in, the verdict on all seven routes out.

    python benchmarks/company_verdict.py DATA/enterprise/zx_bank --folder DIR [--minutes 10]
        [--questions 40] [--seed 0]

Makes an expert of the Markdown files, takes training pairs out of them, trains LoRA and QLoRA for
so many minutes each, and compares all routes on questions drawn by the seed, which is the
trainings' seed too. The references are the facts of the data set; none of its questions is trained
on (repeats of them are dropped). Goes on where it was ended: with another seed, the same adapters
answer other questions. Writes DIR/verdict.md and prints one JSON document.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from pakar import Expert
from pakar.evaluation.run import Progress
from pakar.flows.routes import ALL
from pakar.types import Scope

SETTINGS = """
[examples]
wordings = 1
[training]
learning_rate = 0.001
seed = {seed}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    expert = made(options.folder, options.data, options.seed)
    for method in expert.missing_methods(ALL):
        adapter = expert.train(method, minutes=options.minutes)
        print(adapter.id, adapter.loss, f"{adapter.seconds:.0f} s", file=sys.stderr, flush=True)
    scope = Scope(limit=options.questions, seed=options.seed)
    done = expert.compare(routes=ALL, scope=scope, watch=told)
    done.save(options.folder / "verdict.md")
    print(json.dumps(done.as_json(), indent=2))


def told(now: Progress) -> None:
    if now.done % 20 == 0:
        print(f"{now.done} of {now.total}, {now.seconds_left} s left", file=sys.stderr, flush=True)


def made(folder: Path, data: Path, seed: int) -> Expert:
    """The expert, with documents, held-out questions and training pairs."""
    if (folder / "pakar.toml").is_file():
        return Expert.open(folder)
    Expert.create(folder)
    settings = (folder / "pakar.toml").read_text(encoding="utf-8")
    kept = settings[: settings.index("[documents]")] + SETTINGS.format(seed=seed)
    (folder / "pakar.toml").write_text(kept, encoding="utf-8")
    documents = sorted((data / "md").glob("*.md"))
    (folder / "documents").mkdir(exist_ok=True)
    for one in documents:
        (folder / "documents" / one.name).write_bytes(one.read_bytes())
    text = "".join(questions(data, {one.stem for one in documents}))
    (folder / "questions.jsonl").write_text(text, encoding="utf-8")
    expert = Expert.open(folder)
    expert.add(folder / "documents")
    built = expert.build_examples()
    print(f"{len(built.added)} pairs, {len(built.dropped)} dropped", file=sys.stderr, flush=True)
    return expert


def questions(data: Path, stems: set[str]) -> Iterator[str]:
    """Each question with its facts as reference and their documents, where these are there."""
    for line in (data / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        facts = row["facts"]
        if not facts or any(one["document"] not in stems for one in facts):
            continue
        found = {
            "id": row["id"],
            "question": row["question"],
            "answer": " ".join(one["text"] for one in facts),
            "documents": sorted({f"documents/{one['document']}.md" for one in facts}),
            "type": row["type"].lower(),
        }
        yield json.dumps(found, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
