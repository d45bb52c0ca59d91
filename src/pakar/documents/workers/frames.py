"""Messages on a pipe: eight bytes of length, then as many bytes.

Knows bytes only. What comes from a worker is data from a stranger: a length is checked before
anything is read.
"""

from __future__ import annotations

from typing import BinaryIO

_LENGTH_BYTES = 8
_BLOCK = 1 << 20


class FrameError(Exception):
    """The other side sent more than it may."""


def write_frame(stream: BinaryIO, payload: bytes) -> None:
    """Sends one message. Raises OSError where the other side is gone."""
    stream.write(len(payload).to_bytes(_LENGTH_BYTES, "big"))
    stream.write(payload)
    stream.flush()


def read_frame(stream: BinaryIO, limit: int) -> bytes | None:
    """The next message; None where the other side is gone, also in the middle of one.

    Raises FrameError where it is longer than `limit` bytes.
    """
    head = _read(stream, _LENGTH_BYTES)
    if head is None:
        return None
    length = int.from_bytes(head, "big")
    if length > limit:
        raise FrameError(f"a message of {length:,} bytes; the limit is {limit:,}")
    return _read(stream, length)


def _read(stream: BinaryIO, count: int) -> bytes | None:
    """Exactly `count` bytes, taken block by block so that memory grows only with what came."""
    data = bytearray()
    while len(data) < count:
        block = stream.read(min(_BLOCK, count - len(data)))
        if not block:
            return None
        data += block
    return bytes(data)
