"""The landing area: verified copies of footage, each under its clip id, none under a name of the field.

A copy stands only when it was written to a temporary name, fsynced, read again from the disk with an equal hash,
renamed, and its directory fsynced. The source is opened for reading and left as it is.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge.contract.identifiers import clip_id_of
from edge.platform.durable import TEMPORARY_SUFFIX, fsync_directory, make_directory, sha256_of_file
from edge.platform.faults import SHORT_OF

_CHUNK_BYTES = 1 << 20
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REJECTED = "rejected"


class SourceChangedError(Exception):
    """The file changed while it was read; nothing landed, and it waits until it rests again."""

    def __init__(self, *, path: Path) -> None:
        super().__init__(f"{path.name!r} changed while it was copied: it is still being written")
        self.path = path


class SourceUnreadableError(Exception):
    """The source does not give the file's bytes; it is listed with the reason and tried again."""

    def __init__(self, *, path: Path, why: str) -> None:
        super().__init__(
            f"{path.name!r} cannot be read ({why}): check the permissions, or copy it from the device again"
        )
        self.path, self.why = path, why


class NoSpaceError(Exception):
    """The landing disk is full; the footage stays where it is until there is space."""

    def __init__(self, *, folder: Path, needed_bytes: int) -> None:
        super().__init__(
            f"no space for {needed_bytes} bytes in {folder}: the footage stays on the device until there is"
        )
        self.folder, self.needed_bytes = folder, needed_bytes


class LandingDiskError(Exception):
    """The landing disk fails; nothing landed. The copy is made anew from the source, a person must look at the disk."""

    def __init__(self, *, folder: Path, why: str) -> None:
        super().__init__(f"the disk under {folder} fails ({why}): check it, the footage stays on the device")
        self.folder, self.why = folder, why


class LandingStoppedError(Exception):
    """The agent ends; nothing of the copy stands, the next start makes it anew."""

    def __init__(self) -> None:
        super().__init__("the copy was given up because the agent ends")


@dataclass(frozen=True, slots=True)
class Read:
    """The content of a file as it was read."""

    sha256: str
    size_bytes: int

    @property
    def clip_id(self) -> str:
        """The content's id."""
        return clip_id_of(self.size_bytes, self.sha256)


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Of the disk under the landing area."""

    used_bytes: int
    total_bytes: int


class LandingArea:
    """One folder of verified copies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stopping = threading.Event()
        make_directory(folder)

    def stop(self) -> None:
        """Give up a copy that is under way, from any thread; for good."""
        self._stopping.set()

    def path_of(self, clip_id: str) -> Path:
        """Where the copy of a content stands."""
        return self.folder / clip_id

    def disk_use(self) -> DiskUse:
        """What is in use, and all there is for this program."""
        usage = shutil.disk_usage(self.folder)
        return DiskUse(used_bytes=usage.used, total_bytes=usage.used + usage.free)

    def hash_source(self, source: Path, *, size_bytes: int, modified_ns: int) -> Read:
        """Read a source file without copying it. Raises as `copy_in`, but for the disk's errors."""
        return self._read(source, size_bytes, modified_ns, lambda _block: None)

    def copy_in(self, source: Path, *, size_bytes: int, modified_ns: int) -> Read:
        """A verified, durable copy of the source under its clip id.

        `size_bytes` and `modified_ns` are what the scan saw. Raises SourceChangedError, SourceUnreadableError,
        NoSpaceError, LandingDiskError, LandingStoppedError, and OSError where this machine has no descriptor or memory
        left; after each nothing stands.
        """
        temporary = self.folder / f"{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
        try:
            read = self._copy(source, temporary, size_bytes, modified_ns)
            stored, stored_bytes = sha256_of_file(temporary)
            if (stored, stored_bytes) != (read.sha256, read.size_bytes):
                raise LandingDiskError(folder=self.folder, why="what was written reads back differently")
            if stat.S_ISDIR(_kind_of(self.path_of(read.clip_id))):  # no file can be renamed over a folder
                self.reject(read.clip_id)
            temporary.rename(self.path_of(read.clip_id))
            fsync_directory(self.folder)
        except OSError as error:
            if error.errno in SHORT_OF:
                raise
            raise self._disk_error(error, size_bytes) from error
        finally:
            with suppress(OSError):  # a failing disk: the next start removes it
                temporary.unlink(missing_ok=True)
        return read

    def reject(self, name: str) -> Path:
        """Put a file that is not what its name says aside, where a person can look at it."""
        aside = self.folder / _REJECTED
        make_directory(aside)
        target = aside / f"{name}-{secrets.token_hex(4)}"
        (self.folder / name).rename(target)
        fsync_directory(aside)
        fsync_directory(self.folder)
        return target

    def temporaries(self) -> list[Path]:
        """Left-overs of a copy that was cut off."""
        return sorted(self.folder.glob(f"*{TEMPORARY_SUFFIX}"))

    def standing(self) -> dict[str, int]:
        """Name and size in bytes of every finished file."""
        sizes: dict[str, int] = {}
        with os.scandir(self.folder) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False) and not entry.name.endswith(TEMPORARY_SUFFIX):
                    with suppress(FileNotFoundError):  # a copy may be dropped meanwhile
                        sizes[entry.name] = entry.stat().st_size
        return sizes

    def _copy(self, source: Path, temporary: Path, size_bytes: int, modified_ns: int) -> Read:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb", buffering=0) as copy:

            def write(block: bytes) -> None:
                left = memoryview(block)
                while left:
                    left = left[copy.write(left) :]

            read = self._read(source, size_bytes, modified_ns, write)
            os.fsync(copy.fileno())
        return read

    def _read(self, source: Path, size_bytes: int, modified_ns: int, write: Callable[[bytes], None]) -> Read:
        digest, read_bytes = hashlib.sha256(), 0
        descriptor = _open_source(source)
        try:
            while block := _read_source(source, descriptor):
                digest.update(block)
                read_bytes += len(block)
                write(block)
                if self._stopping.is_set():
                    raise LandingStoppedError
            status = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        if (status.st_size, status.st_mtime_ns, read_bytes) != (size_bytes, modified_ns, size_bytes):
            raise SourceChangedError(path=source)
        return Read(digest.hexdigest(), read_bytes)

    def _disk_error(self, error: OSError, size_bytes: int) -> NoSpaceError | LandingDiskError:
        if error.errno in _NO_SPACE:
            return NoSpaceError(folder=self.folder, needed_bytes=size_bytes)
        return LandingDiskError(folder=self.folder, why=error.strerror or type(error).__name__)


def _kind_of(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0


def head_of_source(source: Path, length_bytes: int) -> bytes:
    """The first bytes of a source file. Raises SourceUnreadableError."""
    descriptor = _open_source(source)
    try:
        return os.pread(descriptor, length_bytes, 0)
    except OSError as error:
        raise SourceUnreadableError(path=source, why=error.strerror or type(error).__name__) from error
    finally:
        os.close(descriptor)


def _open_source(source: Path) -> int:
    try:
        # not followed and not waited for: a link or a pipe may have taken the place of the file since the scan
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise SourceChangedError(path=source) from error
    except OSError as error:
        if error.errno in SHORT_OF:
            raise
        raise SourceUnreadableError(path=source, why=error.strerror or type(error).__name__) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SourceUnreadableError(path=source, why="it is no regular file")
    return descriptor


def _read_source(source: Path, descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK_BYTES)
    except OSError as error:
        raise SourceUnreadableError(path=source, why=error.strerror or type(error).__name__) from error
