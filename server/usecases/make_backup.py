"""A backup while the server runs: one moment of the database, every clip sealed by then, keys and settings.

Clips are written once, so what the folder holds already is not copied again. What belongs to one backup lies in a
folder of its own, named by its time; `manifest.json` is written last, so an interrupted run leaves the backup before.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from edge.contract.identifiers import clip_id_of
from edge.contract.instants import UtcMicros, moment_of
from edge.contract.sentences import sentence, sentence_of
from edge.platform.durable import durable_file, make_directory, sha256_of_file
from edge.platform.faults import os_reason
from edge.platform.signing import SigningKey
from server.config import CONFIG_NAME, ServerConfig
from server.domain.backup import (
    CLIPS,
    DATABASE_NAME,
    FILES,
    LIST_NAME,
    MOST_NAMED,
    QUARANTINE,
    BackupManifest,
    BackupUnusableError,
    list_line,
)
from server.store.backup_folder import (
    CopyDiffersError,
    copy_database,
    copy_verified,
    link_verified,
    locked_folder,
    write_manifest,
)
from server.store.database_check import database_faults
from server.store.history_mark import HistoryMark
from server.usecases.backup_place import another_history, backup_before, refuse_place, remove_runs
from server.usecases.set_up import SIGNING_KEY
from server.usecases.setting_paths import database_path, path_settings
from server.usecases.verify_store import Watching

_OF_THE_FOLDER = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})


class DatabaseDamagedError(Exception):
    """The database cannot be backed up as it is; the backup before stays."""

    def __init__(self, *, fault: str) -> None:
        super().__init__(
            sentence(
                "backup_database_damaged",
                "the database is damaged ({fault}): nothing was backed up, and the backup before stays as it is",
                fault=fault,
            )
        )
        self.fault = fault


@dataclass
class BackedUp:
    """What was done. `not_held`: sealed clips whose bytes could not be had, with why."""

    folder: Path
    act_index: int = 0
    copied: int = 0
    copied_size_bytes: int = 0
    clips: int = 0
    clips_size_bytes: int = 0
    clips_not_held: int = 0
    not_held: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _SealedClip:
    clip_id: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Manner:
    """`rehash`: read what the folder holds already, too. `hard_links`: second names in place of copies."""

    rehash: bool = False
    hard_links: bool = False


def make_backup(
    config: ServerConfig,
    folder: Path,
    *,
    software: str,
    now_us: UtcMicros,
    manner: Manner | None = None,
    watching: Watching | None = None,
) -> BackedUp:
    """Raises BackupUnusableError, DatabaseDamagedError or OSError (of the folder's disk): the backup before stands."""
    folder = folder.absolute()
    refuse_place(config, folder)
    make_directory(folder)
    with locked_folder(folder):
        return _Backup(config, folder, now_us, manner or Manner(), watching or Watching()).run(software)


class _Backup:
    def __init__(
        self, config: ServerConfig, folder: Path, now_us: UtcMicros, manner: Manner, watching: Watching
    ) -> None:
        self._config, self._folder, self._now_us = config, folder, now_us
        self._manner, self._watching = manner, watching
        self._own = f"{moment_of(now_us):%Y%m%dT%H%M%S%fZ}"
        self._done = BackedUp(folder)

    def run(self, software: str) -> BackedUp:
        own, done = self._folder / self._own, self._done
        before = backup_before(self._folder)
        remove_runs(self._folder, before.database.partition("/")[0] if before else "")  # of runs that were cut off
        sums: list[tuple[str, str]] = []
        settings = self._copy_files(sums)  # before the database: it must know every key that lies beside it
        database = own / DATABASE_NAME
        sums.append((copy_database(database_path(self._config), database), f"{self._own}/{DATABASE_NAME}"))
        if faults := database_faults(database, thorough=False):
            shutil.rmtree(own)
            raise DatabaseDamagedError(fault=faults[0])
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as rows:
            if why := another_history(before, rows):
                shutil.rmtree(own)
                raise BackupUnusableError(folder=str(self._folder), why=why)
            head, key_id = _head(rows), self._own_key(rows)
            with durable_file(own / LIST_NAME) as listing:
                for sha256, path in sums:
                    listing.write(list_line(sha256, path).encode())
                self._copy_clips(rows, listing)
                self._copy_quarantine(listing)
        done.act_index = head.act_index
        listing_sha256, _ = sha256_of_file(own / LIST_NAME)
        manifest = BackupManifest(
            made=self._now_us,
            software=software,
            server_key_id=key_id,
            act_index=head.act_index,
            act_hash=head.act_hash,
            database=f"{self._own}/{DATABASE_NAME}",
            listing=f"{self._own}/{LIST_NAME}",
            listing_sha256=listing_sha256,
            clips=done.clips,
            clips_size_bytes=done.clips_size_bytes,
            clips_not_held=done.clips_not_held,
            not_held=tuple(clip_id for clip_id, _ in done.not_held),
            settings=settings,
        )
        write_manifest(self._folder, manifest)
        remove_runs(self._folder, self._own)
        return done

    # ------------------------------------------------------------------ keys, settings, database
    def _copy_files(self, sums: list[tuple[str, str]]) -> dict[str, str]:
        """The settings, the keys, and every file that a setting names. Setting -> path of the copy."""
        data_dir, settings = self._config.data_dir, {}
        wanted = {data_dir / CONFIG_NAME: CONFIG_NAME}
        keys = self._config.keys_dir
        wanted |= {path: f"keys/{path.relative_to(keys)}" for path in sorted(keys.rglob("*")) if path.is_file()}
        for key, path in path_settings(self._config).items():
            name = wanted.setdefault(path, f"{key}/{path.name}")
            settings[key] = f"{self._own}/{FILES}/{name}"
        for path, name in wanted.items():
            copy = f"{self._own}/{FILES}/{name}"
            sums.append((copy_verified(path, self._folder / copy, None, lambda _bytes: None, mode=0o600), copy))
        return settings

    def _own_key(self, rows: sqlite3.Connection) -> str:
        key_id = SigningKey.load(self._folder / self._own / FILES / "keys" / SIGNING_KEY).key_id
        if rows.execute("SELECT 1 FROM server_key WHERE key_id = ?", (key_id,)).fetchone() is None:
            why = sentence("backup_key", "the signing key was being changed meanwhile: make the backup again")
            raise BackupUnusableError(folder=str(self._folder), why=why)
        return key_id

    # ------------------------------------------------------------------ clips
    def _copy_clips(self, rows: sqlite3.Connection, listing: BinaryIO) -> None:
        count, size_bytes = rows.execute(
            "SELECT count(*), coalesce(sum(size_bytes), 0) FROM clip WHERE state = 'sealed'"
        ).fetchone()
        self._watching.on_total(count, size_bytes)
        for clip in _sealed(rows):
            path = f"{CLIPS}/{clip.clip_id[:2]}/{clip.clip_id}"
            try:
                self._hold(clip, self._folder / path)
            except CopyDiffersError as error:
                self._miss(clip, sentence_of(error))
            except OSError as error:
                if error.errno in _OF_THE_FOLDER:
                    raise
                self._miss(clip, os_reason(error))
            else:
                self._done.clips += 1
                self._done.clips_size_bytes += clip.size_bytes
                listing.write(list_line(clip.sha256, path).encode())

    def _hold(self, clip: _SealedClip, final: Path) -> None:
        """The clip's bytes stand in the folder. What got its name there was read back and compared before."""
        stands = final.is_file() and final.stat().st_size == clip.size_bytes
        if stands and (not self._manner.rehash or sha256_of_file(final)[0] == clip.sha256):
            self._watching.on_bytes(clip.size_bytes)
            return
        source = self._config.clips_dir / clip.clip_id[:2] / clip.clip_id
        if self._manner.hard_links:
            link_verified(source, final, clip.sha256, self._watching.on_bytes)
        else:
            copy_verified(source, final, clip.sha256, self._watching.on_bytes)
        self._done.copied += 1
        self._done.copied_size_bytes += clip.size_bytes

    def _miss(self, clip: _SealedClip, why: str) -> None:
        self._done.clips_not_held += 1
        if len(self._done.not_held) < MOST_NAMED:
            self._done.not_held.append((clip.clip_id, why))

    def _copy_quarantine(self, listing: BinaryIO) -> None:
        """What was put aside may be the only copy of something."""
        for path in sorted((self._config.clips_dir / QUARANTINE).iterdir()):
            copy = f"{QUARANTINE}/{path.name}"
            sha256 = copy_verified(path, self._folder / copy, None, self._watching.on_bytes)
            listing.write(list_line(sha256, copy).encode())


def _sealed(rows: sqlite3.Connection) -> Iterator[_SealedClip]:
    query = "SELECT clip_id, sha256, size_bytes FROM clip WHERE state = 'sealed' ORDER BY clip_id"
    for clip_id, sha256, size_bytes in rows.execute(query):
        if clip_id_of(size_bytes, sha256) == clip_id:  # an edited row must not name a path; `verify` tells of it
            yield _SealedClip(clip_id, sha256, size_bytes)


def _head(rows: sqlite3.Connection) -> HistoryMark:
    index, act_hash = rows.execute("SELECT act_index, hash FROM act ORDER BY act_index DESC LIMIT 1").fetchone()
    return HistoryMark(index, act_hash)
