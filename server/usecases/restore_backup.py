"""A backup becomes a server again, in an empty folder, and signs nothing until a person decides.

Every file is compared with the backup's list as it is copied. `server.toml` comes last: until then no program takes the
folder for a server's. A restored server knows nothing of what was sealed after the backup was made, while gateways may
hold receipts for it; some of them may be silent for days. So it does not wait to be told: it begins with signing
stopped, by an event that only the decision of a person outweighs.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from edge.contract.instants import UtcMicros, rfc3339
from edge.contract.sentences import sentence
from edge.platform.durable import TEMPORARY_SUFFIX, make_directory, remove_durably, sha256_of_file, write_durably
from server.config import CONFIG_NAME, RESTORE_UNFINISHED
from server.domain.backup import (
    CLIPS,
    DATABASE_NAME,
    FILES,
    MANIFEST_NAME,
    QUARANTINE,
    BackupManifest,
    BackupUnusableError,
)
from server.domain.broker_access import SERVER_USER
from server.domain.verification import MOST_TOLD
from server.store.act_log import append_act
from server.store.backup_folder import (
    CopyDiffersError,
    OnBytes,
    copy_verified,
    folder_read,
    listed_files,
    read_manifest,
)
from server.store.clip_files import ClipFiles
from server.store.database import Database
from server.store.tables import Act
from server.usecases.folder_lock import LOCK_NAME, AlreadyRunningError, folder_locked
from server.usecases.setting_paths import with_settings
from server.usecases.signing_state import RESTORED, SEALED_FILE_MISSING, record_stop
from server.usecases.verify_store import Watching

UNFINISHED = RESTORE_UNFINISHED
_BEGUN = (LOCK_NAME, UNFINISHED + TEMPORARY_SUFFIX)
"""All that a restore leaves that was ended before it had said whose it is."""
_NAMED = "named-by-settings"
_OF_THE_CLIP = frozenset({errno.ENOENT, errno.EIO, errno.EUCLEAN, errno.EISDIR, errno.ENOTDIR, errno.ELOOP})
"""One clip whose copy is gone or cannot be read keeps no other from being put back. Where it is the new disk that
fails, the database cannot be written either, and nothing is restored."""


class RestoreRefusedError(Exception):
    """Nothing is restored there; the message says why and what to do."""

    def __init__(self, *, said: str) -> None:
        super().__init__(said)


@dataclass
class Restored:
    """What was put back. `missing`: sealed clips whose bytes the backup lacks, at most MOST_TOLD."""

    data_dir: Path
    manifest: BackupManifest
    clips: int = 0
    clips_missing: int = 0
    missing: list[str] = field(default_factory=list)

    def miss(self, clip_id: str) -> None:
        """A clip that was sealed and is not in the backup as it was."""
        self.clips_missing += 1
        if len(self.missing) < MOST_TOLD:
            self.missing.append(clip_id)


def restore_backup(
    folder: Path,
    data_dir: Path,
    *,
    clips_dir: Path | None = None,
    by: str,
    now_us: UtcMicros,
    watching: Watching | None = None,
) -> Restored:
    """Raises BackupUnusableError, RestoreRefusedError or OSError; a run that was cut off can be repeated."""
    folder = folder.absolute()
    with folder_read(folder), _claimed(folder, data_dir, clips_dir):
        return _restored(folder, data_dir, clips_dir, by, now_us, watching or Watching())


def _restored(
    folder: Path, data_dir: Path, clips_dir: Path | None, by: str, now_us: UtcMicros, watching: Watching
) -> Restored:
    manifest = read_manifest(folder)
    watching.on_total(manifest.clips, manifest.clips_size_bytes)
    done = Restored(data_dir, manifest)
    files = ClipFiles(clips_dir or data_dir / CLIPS)
    files.make()
    for clip_id in manifest.not_held:
        done.miss(clip_id)
    named = {path: key for key, path in manifest.settings.items()}
    for sha256, path in listed_files(folder, manifest):
        if path.startswith(f"{CLIPS}/"):
            _put_clip(folder, files, path, sha256, done, watching.on_bytes)
        else:
            _put_other(folder, files, path, sha256, _target(path, manifest, named, data_dir), watching.on_bytes)
    _put_on_record(data_dir / DATABASE_NAME, done, by, now_us)
    _write_settings(folder, data_dir, clips_dir, manifest, named)
    remove_durably(data_dir / UNFINISHED)
    return done


@contextmanager
def _claimed(folder: Path, data_dir: Path, clips_dir: Path | None) -> Iterator[None]:
    """Nobody else restores or runs there meanwhile; what an earlier run of the same backup left there may stay."""
    read_manifest(folder)
    mark = hashlib.sha256((folder / MANIFEST_NAME).read_bytes()).hexdigest()
    _refuse_place(folder, data_dir, clips_dir, mark)
    make_directory(data_dir)
    try:
        with folder_locked(data_dir):
            _refuse_place(folder, data_dir, clips_dir, mark)
            write_durably(data_dir / UNFINISHED, mark.encode())
            yield
    except AlreadyRunningError as error:
        said = sentence(
            "restore_busy",
            "{folder}: another restore goes on there, or a server runs there: wait until it is done, or name another"
            " folder",
            folder=data_dir,
        )
        raise RestoreRefusedError(said=said) from error


def _refuse_place(folder: Path, data_dir: Path, clips_dir: Path | None, mark: str) -> None:
    unfinished = data_dir / UNFINISHED
    goes_on = unfinished.is_file() and unfinished.read_text() == mark
    for target in (data_dir, clips_dir or data_dir):
        if folder.resolve() in (target.resolve(), *target.resolve().parents):
            said = sentence(
                "restore_inside",
                "{folder} lies in the backup, which must stay as it is: nothing was restored. Name another folder",
                folder=target,
            )
            raise RestoreRefusedError(said=said)
        held = sorted(path.name for path in target.iterdir() if path.name not in _BEGUN) if target.is_dir() else []
        if held and not goes_on:
            said = sentence(
                "restore_not_empty",
                "{folder} is not empty ({name}): nothing was restored. Name an empty folder, or move this one aside",
                folder=target,
                name=held[0],
            )
            raise RestoreRefusedError(said=said)


def _target(path: str, manifest: BackupManifest, named: dict[str, str], data_dir: Path) -> Path | None:
    """Where a file that is no clip goes; None: it has its own moment, or it is no part of this backup."""
    if path == manifest.database:
        return data_dir / DATABASE_NAME
    own = f"{manifest.database.partition('/')[0]}/{FILES}/"
    name = path.removeprefix(own)
    if name in (path, CONFIG_NAME):
        return None
    if path in named and not name.startswith("keys/"):
        return data_dir / _NAMED / name
    return data_dir / name


def _put_clip(folder: Path, files: ClipFiles, path: str, sha256: str, done: Restored, on_bytes: OnBytes) -> None:
    clip_id = path.rpartition("/")[2]
    try:
        _put(folder / path, files.root / path.removeprefix(f"{CLIPS}/"), sha256, on_bytes, mode=0o400)
        done.clips += 1
    except CopyDiffersError:
        done.miss(clip_id)
    except OSError as error:
        if error.errno not in _OF_THE_CLIP:
            raise
        done.miss(clip_id)


def _put_other(folder: Path, files: ClipFiles, path: str, sha256: str, target: Path | None, on_bytes: OnBytes) -> None:
    """Without these there is no server. Raises BackupUnusableError."""
    if path.startswith(f"{QUARANTINE}/"):
        target = files.root / path
    try:
        if target is not None:
            _put(folder / path, target, sha256, on_bytes)
        elif sha256_of_file(folder / path)[0] != sha256:
            raise CopyDiffersError(path=folder / path, sha256=sha256)
    except (CopyDiffersError, FileNotFoundError) as error:
        why = sentence(
            "backup_heart", "{path} in it is missing or changed: nothing is restored; take another backup", path=path
        )
        raise BackupUnusableError(folder=str(folder), why=why) from error


def _put(source: Path, final: Path, sha256: str, on_bytes: OnBytes, *, mode: int = 0o600) -> None:
    """Raises CopyDiffersError or OSError. What an earlier run put there is kept where it is right."""
    if final.name == DATABASE_NAME:
        for suffix in ("-wal", "-shm", "-journal"):  # of an earlier run: SQLite would write them into the new file
            final.with_name(final.name + suffix).unlink(missing_ok=True)
    elif final.is_file() and sha256_of_file(final, on_bytes)[0] == sha256:
        return
    copy_verified(source, final, sha256, on_bytes, mode=mode)


def _put_on_record(database: Path, done: Restored, by: str, now_us: UtcMicros) -> None:
    """The restoring is an act; signing stops for it, and for every clip that is missing."""
    manifest = done.manifest
    db = Database(f"sqlite:///{database}")
    try:
        db.migrate()
        with db.writing() as session:
            last_us = session.scalars(select(Act.at_us).order_by(Act.index.desc()).limit(1)).first() or 0
            at_us = UtcMicros(max(now_us, last_us + 1))  # after every decision in it, whatever the clock says
            append_act(
                session,
                at_us=at_us,
                actor=by,
                verb="restore",
                subject_kind="server",
                subject_id=SERVER_USER,
                data={"made_us": manifest.made, "act_index": manifest.act_index, "missing": done.clips_missing},
            )
            detail = {"made": rfc3339(manifest.made), "last_act": str(manifest.act_index)}
            record_stop(session, SERVER_USER, RESTORED, detail, at_us)
            for clip_id in done.missing:
                record_stop(session, SERVER_USER, SEALED_FILE_MISSING, {"clip_id": clip_id}, at_us)
    finally:
        db.close()


def _write_settings(
    folder: Path, data_dir: Path, clips_dir: Path | None, manifest: BackupManifest, named: dict[str, str]
) -> None:
    own = folder / manifest.database.partition("/")[0] / FILES / CONFIG_NAME
    changes = {"store.clips": "" if clips_dir is None else str(clips_dir.absolute()), "store.database_url": ""}
    for path, key in named.items():
        target = _target(path, manifest, named, data_dir)
        if target is not None:
            changes[key] = str(target.absolute())
    text = with_settings(own.read_text(encoding="utf-8"), changes)
    write_durably(data_dir / CONFIG_NAME, text.encode())
