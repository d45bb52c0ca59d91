"""Documents: finding sources, reading them into text with marks, splitting them into passages."""

from pakar.documents.discover import Discovery, Found, Skipped, discover
from pakar.documents.read import content_hash, read_document

__all__ = ["Discovery", "Found", "Skipped", "content_hash", "discover", "read_document"]
