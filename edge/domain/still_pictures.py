"""Still pictures, told by their first bytes: a commissioning takes them beside footage."""

from __future__ import annotations

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
STILL_HEAD_BYTES = len(_PNG)


def is_still(head: bytes) -> bool:
    """Whether a file that begins so is a JPEG or a PNG."""
    return head.startswith((_JPEG, _PNG))
