"""The folder of a backup: files copied in and verified, each durable before anything names it."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import ValidationError

from edge.contract.sentences import sentence
from edge.platform.durable import (
    TEMPORARY_SUFFIX,
    durable_file,
    fsync_directory,
    make_directory,
    sha256_of_file,
    write_durably,
)
from edge.platform.faults import unreadable
from server.domain.backup import MANIFEST_NAME, BackupManifest, BackupUnusableError, read_list_line

LOCK_NAME = "backup.lock"
_READ_BYTES = 1 << 20
OnBytes = Callable[[int], None]


class CopyDiffersError(Exception):
    """What was copied is not what it must be: the source holds other bytes, or the disk did not keep them."""

    def __init__(self, *, path: Path, sha256: str) -> None:
        super().__init__(sentence("copy_differs", "it holds other bytes than it must ({sha256})", sha256=sha256))
        self.path, self.sha256 = path, sha256


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Nobody else writes or reads this backup meanwhile. Raises BackupUnusableError."""
    with _locked(folder, os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), fcntl.LOCK_EX):
        yield


@contextmanager
def folder_read(folder: Path) -> Iterator[None]:
    """Nobody writes this backup meanwhile; one that cannot be locked is read as it is. Raises BackupUnusableError."""
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # a copy without that file, or another user's: what is wrong with it shows as it is read
        yield
        return
    with _locked(folder, descriptor, fcntl.LOCK_SH):
        yield


@contextmanager
def _locked(folder: Path, descriptor: int, kind: int) -> Iterator[None]:
    try:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            why = sentence("backup_busy", "another backup, check or restore uses it; wait until that is done")
            raise BackupUnusableError(folder=str(folder), why=why) from error
        yield
    finally:
        os.close(descriptor)


def copy_verified(source: Path, final: Path, sha256: str | None, on_bytes: OnBytes, *, mode: int = 0o400) -> str:
    """A durable copy that was read back from the disk and is equal; its hash. `sha256`: what it must have, if known.

    Raises CopyDiffersError or OSError; then nothing stands under `final`.
    """
    make_directory(final.parent)
    digest = hashlib.sha256()
    with source.open("rb", buffering=0) as read, durable_file(final) as written:
        while block := read.read(_READ_BYTES):
            digest.update(block)
            written.write(block)
            on_bytes(len(block))
        written.flush()
        os.fsync(written.fileno())
        found = digest.hexdigest()
        stands, _ = sha256_of_file(final.with_name(final.name + TEMPORARY_SUFFIX))
        if found != (sha256 or found) or stands != found:
            raise CopyDiffersError(path=source, sha256=found if found != (sha256 or found) else stands)
        os.fchmod(written.fileno(), mode)
    return found


def link_verified(source: Path, final: Path, sha256: str, on_bytes: OnBytes) -> None:
    """A second name of the same file, once its bytes are what they must be. Raises CopyDiffersError or OSError."""
    found, _ = sha256_of_file(source, on_bytes)
    if found != sha256:
        raise CopyDiffersError(path=source, sha256=found)
    make_directory(final.parent)
    temporary = final.with_name(final.name + TEMPORARY_SUFFIX)
    temporary.unlink(missing_ok=True)
    temporary.hardlink_to(source)
    temporary.rename(final)
    fsync_directory(final.parent)


def copy_database(source: Path, final: Path) -> str:
    """A consistent copy of a database that is being written; its hash. One file: no log stands beside it.

    Raises OSError for the copy's disk, sqlite3.Error for what is wrong with the source or between both.
    """
    make_directory(final.parent)
    temporary = final.with_name(final.name + TEMPORARY_SUFFIX)
    temporary.unlink(missing_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(temporary)) as copy,
        ):
            live.execute("PRAGMA busy_timeout = 60000")
            live.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(final)) from error
    descriptor = os.open(temporary, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fchmod(descriptor, 0o600)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sha256, _ = sha256_of_file(temporary)
    temporary.rename(final)
    fsync_directory(final.parent)
    return sha256


def write_manifest(folder: Path, manifest: BackupManifest) -> None:
    """From now on the folder is this backup."""
    write_durably(folder / MANIFEST_NAME, manifest.model_dump_json(indent=1).encode() + b"\n")


def read_manifest(folder: Path) -> BackupManifest:
    """Raises BackupUnusableError."""
    path = folder / MANIFEST_NAME
    try:
        return BackupManifest.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        why = sentence("backup_none", "there is no manifest.json: this is no backup, or the first one was not finished")
        raise BackupUnusableError(folder=str(folder), why=why) from error
    except OSError as error:
        raise BackupUnusableError(folder=str(folder), why=unreadable(error)) from error
    except ValidationError as error:
        why = sentence("backup_manifest", "its manifest.json cannot be read: take an older or another backup")
        raise BackupUnusableError(folder=str(folder), why=why) from error


def listed_files(folder: Path, manifest: BackupManifest) -> Iterator[tuple[str, str]]:
    """Hash and path of every file, the list itself checked first. Raises BackupUnusableError."""
    path = folder / manifest.listing
    why = sentence("backup_list", "its list of files {list} is missing or changed: take another backup", list=path.name)
    try:
        if sha256_of_file(path)[0] != manifest.listing_sha256:
            raise BackupUnusableError(folder=str(folder), why=why)
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                read = read_list_line(line)
                if read is None:
                    raise BackupUnusableError(folder=str(folder), why=why)
                yield read
    except (OSError, UnicodeDecodeError) as error:
        raise BackupUnusableError(folder=str(folder), why=why) from error
