"""One process at a time over a data folder: the running server, or a command that changes what it runs on."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.contract.sentences import sentence

LOCK_NAME = "server.lock"


class AlreadyRunningError(Exception):
    """A server runs on this data folder."""

    def __init__(self, *, data_dir: Path) -> None:
        super().__init__(
            sentence("already_running", "a server already runs on {data_dir}: end it first", data_dir=data_dir)
        )
        self.data_dir = data_dir


def lock_folder(data_dir: Path) -> int:
    """The descriptor that holds the lock until it is closed, or the process ends. Raises AlreadyRunningError."""
    descriptor = os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise AlreadyRunningError(data_dir=data_dir) from error
    return descriptor


@contextmanager
def folder_locked(data_dir: Path) -> Iterator[None]:
    """No server runs meanwhile. Raises AlreadyRunningError."""
    descriptor = lock_folder(data_dir)
    try:
        yield
    finally:
        os.close(descriptor)
