"""The clip store on a local disk: part files that grow range by range, sealed by a rename, never written again.

An fsync error is never retried on the same descriptor: the kernel may already have dropped the pages. The part file is
given up, and the gateway sends the clip again.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from edge.contract.identifiers import ClipId
from edge.platform.durable import begin_writing_out, fsync_directory, make_directory, remove_durably

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
STORE_MISSING = "the store of clips is not there: is its disk mounted?"


class StoreFullError(Exception):
    """There is no room for these bytes, or the disk takes no name for them; the clip waits at the gateway."""

    def __init__(self, *, path: Path, why: str = "there is no space left") -> None:
        super().__init__(f"{path}: {why}; the clip waits at its gateway")
        self.path, self.why = path, why


class PartUnusableError(Exception):
    """Bytes of a part file may be lost; all its ranges must be sent again."""

    def __init__(self, *, clip_id: str, why: str) -> None:
        super().__init__(f"part file of clip {clip_id}: {why}; its bytes are asked for again")
        self.clip_id, self.why = clip_id, why


class PartFile:
    """An unsealed clip being written. Not thread-safe: one worker owns it."""

    def __init__(self, path: Path, clip_id: str, descriptor: int | None = None) -> None:
        self.path, self.clip_id = path, clip_id
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) if descriptor is None else descriptor
        self._descriptor = opened

    def another(self) -> PartFile:
        """The same file for another owner, who closes it himself. Raises PartUnusableError."""
        try:
            return PartFile(self.path, self.clip_id, os.dup(self._descriptor))
        except OSError as error:
            raise PartUnusableError(clip_id=self.clip_id, why=f"cannot be read back ({error.strerror})") from error

    def write_at(self, offset: int, data: bytes) -> None:
        """Write all of `data`. Raises StoreFullError or PartUnusableError."""
        view, end = memoryview(data), offset + len(data)
        try:
            while view:
                view = view[os.pwrite(self._descriptor, view, end - len(view)) :]
        except OSError as error:
            if error.errno in _NO_SPACE:
                raise StoreFullError(path=self.path) from error
            raise PartUnusableError(clip_id=self.clip_id, why=f"cannot be written ({error.strerror})") from error
        begin_writing_out(self._descriptor, offset, len(data))

    def flush(self) -> None:
        """What was written is on stable storage when this returns. Raises StoreFullError or PartUnusableError."""
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            self.close()
            raise PartUnusableError(clip_id=self.clip_id, why=f"cannot be flushed ({error.strerror})") from error

    def fetch(self, offset: int, size_bytes: int) -> None:
        """Drop the cached pages of flushed bytes and have the disk begin to read them, for `read_at` soon after."""
        os.posix_fadvise(self._descriptor, offset, size_bytes, os.POSIX_FADV_DONTNEED)
        os.posix_fadvise(self._descriptor, offset, size_bytes, os.POSIX_FADV_WILLNEED)

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Up to `size_bytes` bytes as the file holds them; fewer at its end. Raises PartUnusableError."""
        try:
            return os.pread(self._descriptor, size_bytes, offset)
        except OSError as error:
            raise PartUnusableError(clip_id=self.clip_id, why=f"cannot be read back ({error.strerror})") from error

    @property
    def size_bytes(self) -> int:
        """As the file stands now."""
        return os.fstat(self._descriptor).st_size

    def require_in_place(self, size_bytes: int) -> None:
        """What was written and read back is what lies under the name, which is given away next, and has this size.

        Raises PartUnusableError.
        """
        written = os.fstat(self._descriptor)
        try:
            lies = self.path.stat()
        except OSError as error:
            raise PartUnusableError(clip_id=self.clip_id, why=f"is not in its place ({error.strerror})") from error
        if (written.st_dev, written.st_ino, size_bytes) != (lies.st_dev, lies.st_ino, lies.st_size):
            raise PartUnusableError(clip_id=self.clip_id, why="another file lies in its place")

    def close(self) -> None:
        """Let go of the descriptor; nothing is flushed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class ClipFiles:
    """`parts/<clip_id>` while a clip comes in, `<first 2 hex>/<clip_id>` for good. Ids are ours and safe in paths."""

    def __init__(self, root: Path) -> None:
        """Makes nothing: where the store's disk is not mounted, whatever came would lie beneath it."""
        self.root = root
        self._parts = root / "parts"
        self._quarantine = root / "quarantine"

    def make(self) -> None:
        """Make what is missing of its folders."""
        for directory in (self._parts, self._quarantine):
            make_directory(directory)

    @property
    def is_made(self) -> bool:
        """Whether this is the store, and not the empty place of a disk that is not mounted."""
        return self._parts.is_dir()

    def open_part(self, clip_id: ClipId) -> PartFile:
        """The clip's part file, made where there is none, its name durable. Only for a clip that is not sealed.

        A final file whose seal was never committed becomes the part file again.
        """
        path = self._parts / clip_id
        is_new = not path.exists()
        self._require_made()
        try:
            if is_new and self.is_finished(clip_id):
                final = self.final_path(clip_id)
                final.chmod(0o600)
                final.rename(path)
                fsync_directory(final.parent)
            part = PartFile(path, clip_id)
            if is_new:
                fsync_directory(self._parts)
        except OSError as error:
            if error.errno in _NO_SPACE:
                raise StoreFullError(path=path) from error
            raise PartUnusableError(clip_id=clip_id, why=f"cannot be opened ({error.strerror})") from error
        return part

    def has_part(self, clip_id: ClipId) -> bool:
        """Whether a part file is there."""
        return (self._parts / clip_id).is_file()

    def part_path(self, clip_id: ClipId) -> Path:
        """Where the part file lies."""
        return self._parts / clip_id

    def take_back(self, clip_id: ClipId) -> None:
        """Move a final file that no seal names, and that has the wrong content, to `quarantine/`."""
        final = self.final_path(clip_id)
        final.rename(self._quarantine / clip_id)
        fsync_directory(self._quarantine)
        fsync_directory(final.parent)

    def drop_part(self, clip_id: ClipId) -> None:
        """Remove the part file, if any."""
        remove_durably(self._parts / clip_id)

    def keep_part_aside(self, clip_id: ClipId, gateway_id: str) -> None:
        """Move the part file to `quarantine/`: bytes that may be the only copy but are not what was announced."""
        (self._parts / clip_id).rename(self._quarantine / f"{clip_id}.{gateway_id}")
        fsync_directory(self._quarantine)
        fsync_directory(self._parts)

    def finish(self, clip_id: ClipId) -> str:
        """Give the verified part file its final name, durably; the path below the root. Never written again.

        Raises StoreFullError where it cannot be named; its bytes stay, and `open_part` finds them under either name.
        """
        relative = f"{clip_id[:2]}/{clip_id}"
        final = self.root / relative
        self._require_made()
        try:
            make_directory(final.parent)
            (self._parts / clip_id).rename(final)
            fsync_directory(final.parent)
            fsync_directory(self._parts)
            final.chmod(0o400)
        except OSError as error:
            raise StoreFullError(path=final, why=f"it cannot be given its name ({error.strerror})") from error
        return relative

    def is_finished(self, clip_id: ClipId) -> bool:
        """Whether the final file is there."""
        return self.final_path(clip_id).is_file()

    def final_path(self, clip_id: ClipId) -> Path:
        """Where a sealed clip lies."""
        return self.root / clip_id[:2] / clip_id

    def path_of(self, stored_path: str) -> Path:
        """Where the file of a seal row lies."""
        return self.root / stored_path

    def parts(self) -> Iterator[str]:
        """The clip ids with a part file."""
        return (path.name for path in sorted(self._parts.iterdir() if self.is_made else ()))

    def finished(self) -> Iterator[str]:
        """The clip ids with a final file."""
        return (path.name for path in sorted(self.root.glob("[0-9a-f][0-9a-f]/*")))

    def free_bytes(self) -> int:
        """Room on the disk that holds the clips; none where it is not mounted."""
        return shutil.disk_usage(self.root).free if self.is_made else 0

    def _require_made(self) -> None:
        if not self.is_made:
            raise StoreFullError(path=self.root, why=STORE_MISSING)
