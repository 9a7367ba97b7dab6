"""Where a backup may lie, and what of a folder is its own: nothing else in it is ever replaced or removed."""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path

from edge.contract.sentences import Sentence, sentence
from server.config import ServerConfig
from server.domain.backup import MANIFEST_NAME, BackupManifest, BackupUnusableError
from server.store.backup_folder import LOCK_NAME, read_manifest

_RUN = re.compile(r"\d{8}T\d{12}Z")
_OF_THE_DISK = "lost+found"


def refuse_place(config: ServerConfig, folder: Path) -> None:
    """Raises BackupUnusableError for a folder inside or around what it protects, and for one that is not ours."""
    inside = folder.resolve()
    for own in (config.data_dir.resolve(), config.clips_dir.resolve()):
        if inside == own or own in inside.parents or inside in own.parents:
            why = sentence("backup_inside", "it lies in {own} or around it: choose a folder on another disk", own=own)
            raise BackupUnusableError(folder=str(folder), why=why)
    if inside.is_dir() and not _is_ours(inside) and any(path.name != _OF_THE_DISK for path in inside.iterdir()):
        why = sentence("backup_not_empty", "it is not empty and holds no backup: choose an empty folder")
        raise BackupUnusableError(folder=str(folder), why=why)


def backup_before(folder: Path) -> BackupManifest | None:
    """What the folder holds already; None: nothing that was finished. Raises BackupUnusableError."""
    if not (folder / MANIFEST_NAME).exists():
        return None
    try:
        return read_manifest(folder)
    except BackupUnusableError as error:
        why = sentence(
            "backup_whose",
            "its manifest.json cannot be read, so that nobody can tell whose backup it is: choose an empty folder, or"
            " remove that file if this server made it",
        )
        raise BackupUnusableError(folder=str(folder), why=why) from error


def another_history(before: BackupManifest | None, rows: sqlite3.Connection) -> Sentence | None:
    """Why the backup before must not be replaced by this database; None where its history goes on from there."""
    if before is None:
        return None
    found = rows.execute("SELECT hash FROM act WHERE act_index = ?", (before.act_index,)).fetchone()
    if found is not None and found[0] == before.act_hash:
        return None
    return sentence(
        "backup_history",
        "it holds a backup of another server, or of acts that this one does not know (up to act {act}); nothing was"
        " replaced: choose another folder",
        act=before.act_index,
    )


def remove_runs(folder: Path, *names: str) -> None:
    """Remove what belongs to single runs, those of these names excepted. Everything else in the folder stays."""
    for path in folder.iterdir():
        if _RUN.fullmatch(path.name) and path.is_dir() and not path.is_symlink() and path.name not in names:
            shutil.rmtree(path)


def _is_ours(folder: Path) -> bool:
    """Whether it is one of ours, or the beginning of one; others have a `manifest.json` as well."""
    if (folder / LOCK_NAME).is_file():
        return True
    try:
        read_manifest(folder)
    except BackupUnusableError:
        return False
    return True
