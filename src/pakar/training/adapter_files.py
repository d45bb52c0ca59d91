"""Adapters on disk: peft's two files, what is known of them, and what they learned from.

    adapters/ID/adapter_config.json, adapter_model.safetensors   as peft writes and reads them
    adapters/ID/pakar.json      the record of the run
    adapters/ID/examples.jsonl  the examples and the spans that they came from
    adapters/ID/loss.png        the curve

A folder appears whole or not at all. Knows no model and no index.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pakar.errors import TrainingError
from pakar.types import Adapter, Example, Method

RECORD = "pakar.json"
EXAMPLES = "examples.jsonl"
# Among the facts: the setting of that name, None where it learned from no passages.
SENTENCES = "sentences"


@dataclass(frozen=True, slots=True)
class Record:
    """The content of pakar.json. `sources` are documents with their hash when it learned."""

    adapter: Adapter
    fingerprint: str
    template: str
    sources: Mapping[str, str]
    facts: Mapping[str, object]


def keep(folder: Path, made: Path, record: Record, examples: Iterable[Example]) -> Adapter:
    """Moves the finished files in `made` to `folder`/ID, with their record."""
    target = folder / record.adapter.id
    adapter = replace(record.adapter, folder=str(target))
    (made / RECORD).write_text(json.dumps(_as_json(record), indent=2, ensure_ascii=False), "utf-8")
    lines = [json.dumps(_provenance(one), ensure_ascii=False) for one in examples]
    (made / EXAMPLES).write_text("\n".join(lines) + "\n", "utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    made.rename(target)
    return adapter


def load_all(folder: Path) -> list[Record]:
    """Every adapter of the folder, the oldest first. Raises TrainingError for a damaged one."""
    found = [load(path.parent) for path in folder.glob(f"*/{RECORD}")]
    return sorted(found, key=lambda record: (record.adapter.created, record.adapter.id))


def load(folder: Path) -> Record:
    """Raises TrainingError where the record cannot be read."""
    path = folder / RECORD
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        known = content["adapter"]
        adapter = Adapter(
            id=str(known["id"]),
            method=_method(known["method"]),
            base=str(known["base"]),
            folder=str(folder),
            created=str(known["created"]),
            examples=int(known["examples"]),
            documents=tuple(sorted(content["sources"])),
            refused=str(known["refused"]),
            loss=(float(known["loss"][0]), float(known["loss"][1])),
            seconds=float(known["seconds"]),
            memory_mb=float(known["memory_mb"]),
        )
        return Record(
            adapter,
            str(content["fingerprint"]),
            str(content["template"]),
            {str(name): str(value) for name, value in content["sources"].items()},
            content["facts"],
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise TrainingError(
            f"{path}: the record of an adapter cannot be read: {error}",
            hint=f"Delete the folder {folder} and train it again: pakar train",
        ) from error


def _method(name: object) -> Method:
    if name == "lora" or name == "qlora":
        return name
    raise ValueError(f"unknown method {name!r}")


def against(record: Record, documents: Mapping[str, str], base: str, sentences: int) -> Adapter:
    """The adapter with what is stale about it. `documents` are those in the index now, by name
    with their hash; `base` is the fingerprint of the model in the settings, "" where unknown;
    `sentences` is how many of the passages are read now, 0 for all."""
    adapter = record.adapter
    removed = tuple(name for name in sorted(record.sources) if name not in documents)
    changed = [
        name
        for name, known in sorted(record.sources.items())
        if known and name in documents and documents[name] != known
    ]
    reasons = [f"{name} has changed since" for name in changed]
    reasons += [f"{name} was removed" for name in removed]
    if base and base != record.fingerprint:
        reasons.append(f"the model in pakar.toml is not the one it was trained on ({adapter.base})")
    learned = record.facts.get(SENTENCES, 0)
    if learned not in (None, sentences):
        reasons.append(f"it learned with retrieval.sentences = {learned}, which is {sentences} now")
    return replace(adapter, stale=tuple(reasons), removed=removed)


def sources_of(examples: Sequence[Example], documents: Mapping[str, str]) -> dict[str, str]:
    """Documents that the examples came from, with their hash: the noted one, else that of now."""
    found: dict[str, str] = {}
    for example in examples:
        for source in example.sources:
            known = source.content_hash or documents.get(source.document, "")
            found[source.document] = known
    return found


def _as_json(record: Record) -> dict[str, object]:
    adapter = {
        key: value
        for key, value in asdict(record.adapter).items()
        if key not in ("folder", "stale", "removed", "documents")
    }
    return {
        "adapter": adapter,
        "fingerprint": record.fingerprint,
        "template": record.template,
        "sources": dict(record.sources),
        "facts": dict(record.facts),
    }


def _provenance(example: Example) -> dict[str, object]:
    return {
        "id": example.id,
        "form": example.form,
        "origin": example.origin,
        "fact": example.fact,
        "sources": [asdict(source) for source in example.sources],
    }
