"""The files of batch jobs: what was sent, the schema, the results; a folder for each job.

They hold questions and answers, so nobody else on the machine may read them. Knows files and no
rows of the database.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from pakar.atomic_file import write_atomically
from pakar.backends.text_tokenizer import printable
from pakar.errors import PakarError
from pakar.flows.row_files import require_known
from pakar.server.problems import RequestError, problem_of

FOLDER = ".batches"
Form = Literal["jsonl", "csv", "tsv"]
_JSONL: Form = "jsonl"
_CSV: Form = "csv"
_TSV: Form = "tsv"
_SCHEMA = "schema.json"


@dataclass(frozen=True, slots=True)
class JobFiles:
    """The files of one job. `sent` is the ending of what was sent, `form` that of the results."""

    folder: Path
    sent: str
    form: str

    @property
    def source(self) -> Path:
        return self.folder / f"questions{self.sent}"

    @property
    def target(self) -> Path:
        return self.folder / f"answers.{self.form}"

    @property
    def schema(self) -> Path | None:
        """None where no fields were asked for."""
        path = self.folder / _SCHEMA
        return path if path.is_file() else None

    @property
    def finished(self) -> Path | None:
        """The results, where they are all there."""
        return self.target if self.target.is_file() else None

    def keep_rows(self, rows: Sequence[object], column: str) -> None:
        """A list of texts and objects as lines of JSON."""
        shown = [one if isinstance(one, dict) else {column: one} for one in rows]
        lines = [json.dumps(_printable(one), ensure_ascii=False) for one in shown]
        self._write(self.source, "".join(f"{line}\n" for line in lines).encode())

    def keep_file(self, content: BinaryIO) -> None:
        """A file that was sent. Raises ConfigError for an ending that is none of rows."""
        require_known(self.source)
        self._make()
        with self.source.open("xb") as file:
            self.source.chmod(0o600)
            shutil.copyfileobj(content, file, 1 << 20)

    def keep_schema(self, schema: Mapping[str, object] | str) -> None:
        text = schema if isinstance(schema, str) else json.dumps(schema)
        self._write(self.folder / _SCHEMA, printable(text).encode())

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def explained(self, error: Exception) -> RequestError:
        """An error without the path of the folder, which is nobody's business."""
        problem = problem_of(error)
        if not isinstance(error, PakarError):
            return problem
        said = str(problem).replace(f"{self.folder}/", "")
        return RequestError(said, status=problem.status, code=problem.code, hint=problem.hint)

    def _write(self, path: Path, content: bytes) -> None:
        self._make()
        write_atomically(path, content)

    def _make(self) -> None:
        self.folder.parent.mkdir(mode=0o700, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)


def ending(name: str) -> str:
    """That of a file's name as it was sent, in small letters."""
    return Path(printable(name).replace("\\", "/").rpartition("/")[2]).suffix.lower()[:20]


def form_of(name: str) -> Form:
    """The form of the results for rows that were sent under this name."""
    return {".csv": _CSV, ".tsv": _TSV}.get(ending(name), _JSONL)


def _printable(value: object) -> object:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(str(name)): _printable(one) for name, one in value.items()}
    return [_printable(one) for one in value] if isinstance(value, list) else value
