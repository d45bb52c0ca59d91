"""`pakar mcp`: the expert as tools for an agent, over standard input and output."""

from __future__ import annotations

from pakar.cli.edge import Edge
from pakar.cli.options import HERE, ExpertDir


def mcp(expert: ExpertDir = HERE) -> None:
    """Give an agent on this machine tools to search, ask and read (MCP over stdio)."""
    with Edge(json=True) as edge:
        from pakar.server.agents.over_stdio import run

        run(edge.open(expert))
