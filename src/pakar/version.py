"""The version of pakar, as its package says."""

__version__ = "0.1.0"
