"""pakar's own interface under /api: search, documents, conversations, feedback."""
