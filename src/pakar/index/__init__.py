"""Building and keeping the index: what changed, one writer, the manifest, the documents' texts."""
