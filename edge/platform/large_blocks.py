"""Keeps glibc from giving every large block back to the kernel, which costs more than moving its bytes."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_TRIM_BYTES, _MMAP_BYTES = 128 << 20, 64 << 20


def keep_large_blocks() -> bool:
    """To be called once, before threads start. False: the C library is not glibc, and nothing was changed.

    A chunk of half a megabyte passes through several copies in the MQTT client; each would be a mapping of its own,
    made, filled page by page and unmapped. Source: mallopt(3).
    """
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    return bool(library.mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES) and library.mallopt(_M_TRIM_THRESHOLD, _TRIM_BYTES))
