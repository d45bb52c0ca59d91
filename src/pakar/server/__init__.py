"""Serves an expert: a page, an OpenAI-compatible API, MCP.

Only this package is asynchronous. It holds no logic of answering; all text that leaves it comes
through a `View`, which shows a visitor only what they may read.
"""
