"""Questions about numbers: from a question to a typed query to a result with the cells it rests on.

Knows tables as Parquet files; knows no passages, no retrieval and no language model.
"""
