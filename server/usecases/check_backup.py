"""Whether a backup still holds what it says, file by file, without changing anything in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edge.contract.sentences import sentence
from edge.platform.durable import sha256_of_file
from edge.platform.faults import unreadable
from server.domain.backup import CLIPS, BackupManifest
from server.domain.verification import MOST_TOLD, Subject, Wrong
from server.store.backup_folder import OnBytes, folder_read, listed_files, read_manifest
from server.store.database_check import database_faults
from server.usecases.verify_store import Watching


@dataclass
class Checked:
    """What was looked at and what is wrong; beyond MOST_TOLD items only their number is kept."""

    manifest: BackupManifest
    files: int = 0
    wrong: list[Wrong] = field(default_factory=list)
    wrong_left_out: int = 0

    @property
    def ok(self) -> bool:
        """Whether all of it could be put back."""
        return not self.wrong

    def note(self, one: Wrong) -> None:
        """Keep what was found."""
        if len(self.wrong) < MOST_TOLD:
            self.wrong.append(one)
        else:
            self.wrong_left_out += 1


def check_backup(folder: Path, watching: Watching | None = None) -> Checked:
    """Read every file again and compare it with the list. Raises BackupUnusableError."""
    folder = folder.absolute()
    with folder_read(folder):
        return _checked(folder, read_manifest(folder), watching or Watching())


def _checked(folder: Path, manifest: BackupManifest, watching: Watching) -> Checked:
    done = Checked(manifest)
    watching.on_total(manifest.clips, manifest.clips_size_bytes)
    for sha256, path in listed_files(folder, manifest):
        done.files += 1
        wrong = wrong_in_backup(folder, path, sha256, watching.on_bytes)
        if wrong is not None:
            done.note(wrong)
    database = folder / manifest.database
    if database.is_file():
        for fault in database_faults(database, thorough=True):
            said = sentence(
                "backup_database", "{path}: the database in it is damaged ({fault})", path=database, fault=fault
            )
            done.note(Wrong(Subject.DATABASE, manifest.database, said))
    for clip_id in manifest.not_held:
        done.note(Wrong(Subject.CLIP, clip_id, not_held(clip_id).said))
    done.wrong_left_out += manifest.clips_not_held - len(manifest.not_held)
    return done


def wrong_in_backup(folder: Path, path: str, sha256: str, on_bytes: OnBytes) -> Wrong | None:
    """What is wrong with one listed file."""
    subject = Subject.CLIP if path.startswith(f"{CLIPS}/") else Subject.FILE
    item = path.rpartition("/")[2] if subject is Subject.CLIP else path
    try:
        found, _ = sha256_of_file(folder / path, on_bytes)
    except FileNotFoundError:
        return Wrong(subject, item, sentence("backup_file_missing", "{path} is missing in the backup", path=path))
    except OSError as error:
        said = sentence("backup_file_unreadable", "{path} cannot be read: {why}", path=path, why=unreadable(error))
        return Wrong(subject, item, said)
    if found == sha256:
        return None
    said = sentence("backup_file_changed", "{path} in the backup is not what was put there", path=path)
    return Wrong(subject, item, said)


def not_held(clip_id: str) -> Wrong:
    """A sealed clip that the backup never had."""
    said = sentence(
        "backup_not_held",
        "clip {clip} is not in the backup: when that was made its file was missing or changed",
        clip=clip_id,
    )
    return Wrong(Subject.CLIP, clip_id, said)
