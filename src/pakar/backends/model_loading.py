"""Loading with transformers: its many errors become one, and its progress bars stay silent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pakar.errors import ModelError


@contextmanager
def loading(spec: str, what: str) -> Iterator[None]:
    """Raises ModelError where the model's folder does not load as a `what`."""
    from safetensors import SafetensorError
    from transformers.utils import logging

    had_bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        line = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"{spec}: the {what} does not load: {line}",
            hint="Fetch the model again, or choose one whose architecture transformers knows.",
        ) from error
    finally:
        if had_bars:
            logging.enable_progress_bar()


@contextmanager
def silenced() -> Iterator[None]:
    """Keeps the libraries' remarks to developers from the user's terminal."""
    import warnings

    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logging.set_verbosity(level)
