"""Whether the files of the clip store are those on record: sealed clips by their bytes, all others accounted for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.identifiers import ClipId, clip_id_of
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from edge.contract.sentences import Sentence, sentence
from edge.platform.durable import sha256_of_file
from edge.platform.faults import unreadable
from server.domain.verification import STOP_FILE_CHANGED, STOP_FILE_MISSING, Subject, Wrong
from server.store.clip_files import ClipFiles
from server.store.database import Database
from server.store.tables import Clip, WrongBytes
from server.usecases.receive_sighting import SEALED

_ON_ITS_WAY_US = 60 * MICROS_PER_SECOND
OnBytes = Callable[[int], None]
"""Told how many bytes were read; may wait, and so hold the reading to a rate."""


def wrong_in_file(path: Path, clip_id: str, size_bytes: int | None, on_bytes: OnBytes) -> Wrong | None:
    """What is wrong with a sealed clip's file. Its name says which content it must hold, whatever the rows say.

    `size_bytes` None: not known; then nothing is said before it has been read.
    """
    try:
        stands_bytes = path.stat().st_size
        if not path.is_file():
            return _missing(clip_id, path)
        if size_bytes is not None and stands_bytes != size_bytes:
            return _changed(clip_id, _size_differs(clip_id, stands_bytes, size_bytes))
        sha256, read_bytes = sha256_of_file(path, on_bytes)
    except FileNotFoundError:
        return _missing(clip_id, path)
    except OSError as error:
        said = sentence(
            "verify_unreadable",
            "clip {clip}: its file cannot be read ({why}): look at the disk",
            clip=clip_id,
            why=unreadable(error),
        )
        return _changed(clip_id, said)
    holds = clip_id_of(read_bytes, sha256)
    return None if holds == clip_id else _changed(clip_id, _holds_other(clip_id, holds))


def wrong_among_files(db: Database, files: ClipFiles, *, now_us: UtcMicros) -> Iterator[Wrong]:
    """Files that no row accounts for: final files, part files, quarantine, and what does not belong there at all.

    Beside a running server: names are listed before the rows are read, and what is a minute old at most may be on its
    way from its part file to its seal.
    """
    for shelf in sorted(files.root.glob("[0-9a-f][0-9a-f]")):
        names = sorted(path.name for path in shelf.iterdir())
        with db.reading() as session:
            for name in names:
                wrong = _wrong_final(session.get(Clip, name), name)
                if wrong is not None and _is_settled(shelf / name, now_us):
                    yield wrong
            session.expunge_all()
    parts = list(files.parts())
    with db.reading() as session:
        yield from (wrong for name in parts if (wrong := _wrong_part(session, files, name)) is not None)
        yield from _wrong_in_quarantine(session, files.root / "quarantine")
    for path in sorted(files.root.iterdir()):
        if path.name not in {"parts", "quarantine"} and not (path.is_dir() and _is_shelf(path.name)):
            said = sentence("verify_foreign", "{path} does not belong into the clip store", path=path.name)
            yield Wrong(Subject.FILE, path.name, said)


def _wrong_final(clip: Clip | None, name: str) -> Wrong | None:
    if clip is None:
        said = sentence("verify_file_unknown", "file {path}: no clip of that name is on record", path=name)
        return Wrong(Subject.FILE, name, said)
    if clip.state == SEALED:
        return None
    said = sentence(
        "verify_file_unsealed",
        "file {path} stands under its final name, and its clip is not sealed: the next start seals it",
        path=name,
    )
    return Wrong(Subject.FILE, name, said)


def _is_settled(path: Path, now_us: UtcMicros) -> bool:
    """Whether the name has stood for a minute (a rename sets the time of change of the file)."""
    try:
        return path.stat().st_ctime_ns // 1000 < now_us - _ON_ITS_WAY_US
    except FileNotFoundError:
        return False


def _wrong_part(session: Session, files: ClipFiles, name: str) -> Wrong | None:
    clip = session.get(Clip, name)
    if clip is None:
        return Wrong(
            Subject.PART, name, sentence("verify_part", "part file {clip}: no such clip is on record", clip=name)
        )
    if clip.state == SEALED:  # beside a running server it may have been sealed this very moment
        said = sentence("verify_part_sealed", "part file {clip}: the clip is sealed, it is of no use", clip=name)
        return Wrong(Subject.PART, name, said) if files.has_part(ClipId(name)) else None
    held_bytes = max((int(end) for _, end in json.loads(clip.held_json)), default=0)
    try:
        stands_bytes = files.part_path(ClipId(name)).stat().st_size
    except FileNotFoundError:
        return None
    if held_bytes <= stands_bytes:
        return None
    said = sentence(
        "verify_part_short",
        "part file {clip} has {stands} bytes, its row claims {held}: the gateway sends the rest again",
        clip=name,
        stands=stands_bytes,
        held=held_bytes,
    )
    return Wrong(Subject.PART, name, said)


def _wrong_in_quarantine(session: Session, folder: Path) -> Iterator[Wrong]:
    kept = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    asked = {name.partition(".")[0] for name in kept}
    told = set(session.scalars(select(WrongBytes.clip_id)))
    unknown = {clip_id for clip_id in asked - told if session.get(Clip, clip_id) is None}
    for name in sorted(kept):
        if name.partition(".")[0] in unknown:
            said = sentence("verify_quarantine", "quarantine file {name}: no such clip is on record", name=name)
            yield Wrong(Subject.QUARANTINE, name, said)


def _is_shelf(name: str) -> bool:
    return len(name) == 2 and all(sign in "0123456789abcdef" for sign in name)


def names_of_finished(files: ClipFiles) -> Iterator[str]:
    """Every final file's name, shelf by shelf, so that a store of millions is never listed at once."""
    for shelf in sorted(files.root.glob("[0-9a-f][0-9a-f]")):
        yield from sorted(path.name for path in shelf.iterdir())


def _missing(clip_id: str, path: Path) -> Wrong:
    said = sentence(
        "verify_file_missing",
        "clip {clip}: its file {path} is missing. Bring it back from a backup",
        clip=clip_id,
        path=path,
    )
    return Wrong(Subject.CLIP, clip_id, said, STOP_FILE_MISSING)


def _changed(clip_id: str, said: Sentence) -> Wrong:
    return Wrong(Subject.CLIP, clip_id, said, STOP_FILE_CHANGED)


def _size_differs(clip_id: str, stands_bytes: int, size_bytes: int) -> Sentence:
    return sentence(
        "verify_file_size",
        "clip {clip}: its file has {stands} bytes, sealed were {sealed}. Bring it back from a backup",
        clip=clip_id,
        stands=stands_bytes,
        sealed=size_bytes,
    )


def _holds_other(clip_id: str, holds: str) -> Sentence:
    return sentence(
        "verify_file_changed",
        "clip {clip}: its file holds other bytes than were sealed (content {holds}). Bring it back from a backup",
        clip=clip_id,
        holds=holds,
    )
