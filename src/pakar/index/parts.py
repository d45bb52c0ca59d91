"""Which indexed documents came out of which source, and which of them are still there.

A source may hold others: a mailbox mails, a mail attachments. The name of a part is that of what
it came in, a slash and its own. Knows names only.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from pakar.types import source_of


class PartsLedger:
    """Notes the parts that are met, and tells which indexed ones were not."""

    def __init__(self, known: Iterable[str], sources: Container[str]) -> None:
        """`known` are the names of what is indexed, `sources` those of the sources themselves."""
        self._below: dict[str, list[str]] = {}
        self._seen: set[str] = set()
        self.owned: set[str] = set()
        for name in known:
            if source_of(name) not in sources:
                self._enter(name, sources)

    def see(self, name: str) -> None:
        """The source or part of this name is there."""
        self._seen.add(name)

    def rest_below(self, name: str) -> list[str]:
        """The indexed parts below a name that were not met so far; met from now on.

        Below what is as it was they are there too; below what changed they are gone.
        """
        rest = [part for part in self._below.get(name, ()) if source_of(part) not in self._seen]
        self._seen.update(source_of(part) for part in rest)
        return rest

    def has_below(self, name: str) -> bool:
        return name in self._below

    def _enter(self, name: str, sources: Container[str]) -> None:
        around: list[str] = []
        for ancestor in _ancestors(name):
            around.append(ancestor)
            if ancestor in sources:
                self.owned.add(name)
                for one in around:
                    self._below.setdefault(one, []).append(name)
                return


def _ancestors(name: str) -> Iterator[str]:
    """What the name lies below, the nearest first."""
    end = name.rfind("/")
    while end > 0:
        yield name[:end]
        end = name.rfind("/", 0, end)
