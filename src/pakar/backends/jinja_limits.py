"""What chat templates get of Jinja beyond its sandbox: one tag more, and a namespace that is safe.

Imports Jinja at once, so it is itself imported only where a template is rendered.
"""

from __future__ import annotations

from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.utils import Namespace


class GenerationBlock(Extension):
    """`{% generation %}` marks what training learns; for a prompt its content stands as it is."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class PlainNamespace(Namespace):
    """A namespace in which a template cannot replace Python's own attributes."""

    def __setitem__(self, name: str, value: object) -> None:
        if name.startswith("_"):
            raise SecurityError(f"a chat template may not set {name!r}")
        super().__setitem__(name, value)
