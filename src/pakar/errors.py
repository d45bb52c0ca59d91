"""Every error that pakar raises, in one tree.

    PakarError
    ├── ConfigError          pakar.toml, a spec or a setting is wrong
    ├── ExpertError          the folder is no expert, or is one already
    ├── SourceError          one document cannot be read (never stops a batch)
    ├── ExampleError         training data cannot be read, made or used
    ├── StoreError           the index does not fit the settings, is damaged or is in use
    │   ├── IndexMismatchError   built with another embedder or splitter: rebuild
    │   └── IndexBusyError       another process is writing
    ├── ModelError           a model cannot be had, loaded or run
    │   ├── ModelMissingError    it is not on this machine
    │   ├── PromptTooLongError   what is asked does not fit the model's context
    │   ├── EndpointError        an endpoint did not answer as it should
    │   └── CutOffError          an answer ended before its JSON was whole
    ├── TrainingError        an adapter cannot be trained or used
    └── MissingExtraError    a library of an optional extra is not installed

A message says what happened, with the value; `hint` says what to do next.
"""

from __future__ import annotations


class PakarError(Exception):
    """Base of all errors of pakar. `str(error)` is one line; `error.hint` is the way out."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(PakarError):
    """pakar.toml, a model spec or a setting is wrong."""


class ExpertError(PakarError):
    """The folder is no expert, or is one already."""


class SourceError(PakarError):
    """One document cannot be read. A batch reports it and goes on."""


class ExampleError(PakarError):
    """Training data cannot be read, made or used. A wrong row never stops the rest."""


class StoreError(PakarError):
    """The index cannot be used."""


class IndexMismatchError(StoreError):
    """The index was built with another embedder or splitter than the settings name."""


class IndexBusyError(StoreError):
    """Another process is writing to the index."""


class ModelError(PakarError):
    """A model cannot be loaded or run."""


class ModelMissingError(ModelError):
    """A model is not on this machine."""


class PromptTooLongError(ModelError):
    """What is asked does not fit the model's context."""


class EndpointError(ModelError):
    """An endpoint refused, failed or answered in another form than it should."""


class CutOffError(ModelError):
    """An answer that was asked for by a JSON schema ended before it was whole."""


class TrainingError(PakarError):
    """An adapter cannot be trained, or does not fit what it is used with."""


class MissingExtraError(PakarError):
    """A library of an optional extra is not installed."""
