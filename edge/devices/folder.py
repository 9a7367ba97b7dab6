"""A watched folder: one scan shows every file in it. Nothing is opened, followed or changed; names are data."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edge.contract.sentences import sentence
from edge.domain.file_state import Signature
from edge.domain.path_text import text_of_path
from edge.platform.faults import SHORT_OF, os_reason

DOCKING_FILE = "docking.json"
_SIDECAR_EXTENSION = ".json"


class SourceMissingError(Exception):
    """The folder is not there or not readable; what was seen in it before stays as it is until it is back."""

    def __init__(self, *, folder: Path, why: str) -> None:
        super().__init__(
            sentence(
                "source_missing",
                "{folder} cannot be read ({why}): attach the disk, or correct the path",
                folder=folder,
                why=why,
            )
        )
        self.folder, self.why = folder, why


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file of a source. `path` and `folder` are texts relative to the source, whose own `folder` is ""."""

    path: str
    folder: str
    name: str
    os_path: str
    size_bytes: int
    modified_ns: int
    is_regular: bool = True
    sidecar: FoundFile | None = None

    @property
    def signature(self) -> Signature:
        """What must rest before the file is finished."""
        if self.sidecar is None:
            return Signature(self.size_bytes, self.modified_ns)
        return Signature(self.size_bytes, self.modified_ns, self.sidecar.size_bytes, self.sidecar.modified_ns)


@dataclass(slots=True)
class FolderScan:
    """What lies in a source: files by path, docking files by folder, sidecars, folders that cannot be read."""

    files: dict[str, FoundFile] = field(default_factory=dict)
    docking_files: dict[str, FoundFile] = field(default_factory=dict)
    sidecar_paths: set[str] = field(default_factory=set)
    unreadable_folders: dict[str, str] = field(default_factory=dict)

    def docking_folder_of(self, folder: str) -> str | None:
        """The nearest folder upwards that has a docking file; None where there is none."""
        while folder not in self.docking_files:
            if not folder:
                return None
            folder = folder.rpartition("/")[0]
        return folder

    def beside(self, file: FoundFile) -> str:
        """The size and time of change of the sidecar and of the docking file that speak about it; "" without any."""
        folder = self.docking_folder_of(file.folder)
        docking = None if folder is None else self.docking_files[folder]
        said = [f"{one.path}:{one.size_bytes}:{one.modified_ns}" for one in (file.sidecar, docking) if one is not None]
        return "|".join(said)


def scan_folder(root: Path, *, without: Path | None = None) -> FolderScan:
    """Every file under `root`; symbolic links are shown, never followed.

    Raises SourceMissingError, and OSError where this machine has no descriptor or memory left for the look.

    `without` is the agent's own data folder: inside a source it would be footage of itself.
    """
    scan = FolderScan()
    own = None if without is None else _identity(without)
    waiting = [""]
    while waiting:
        relative = waiting.pop()
        try:
            entries = list(_entries(root, relative))
        except OSError as error:
            if error.errno in SHORT_OF:
                raise
            if not relative:
                raise SourceMissingError(folder=root, why=os_reason(error)) from error
            scan.unreadable_folders[text_of_path(relative)] = error.strerror or type(error).__name__
            continue
        found: list[FoundFile] = []
        for os_relative, status, os_path in entries:
            if stat.S_ISDIR(status.st_mode):
                if (status.st_dev, status.st_ino) != own:
                    waiting.append(os_relative)
            else:
                found.append(_found(os_relative, status, os_path))
        _sort_out(scan, text_of_path(relative), found)
    return scan


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except FileNotFoundError:
        return None  # what is not there is in no source
    return status.st_dev, status.st_ino


def _entries(root: Path, relative: str) -> Iterator[tuple[str, os.stat_result, str]]:
    with os.scandir(root / relative) as entries:
        for entry in entries:
            os_relative = f"{relative}/{entry.name}" if relative else entry.name
            try:
                yield os_relative, entry.stat(follow_symlinks=False), entry.path
            except FileNotFoundError:
                continue  # gone between listing and looking: as if it had never been there


def _found(os_relative: str, status: os.stat_result, os_path: str) -> FoundFile:
    path = text_of_path(os_relative)
    folder, _, name = path.rpartition("/")
    return FoundFile(
        path=path,
        folder=folder,
        name=name,
        os_path=os_path,
        size_bytes=status.st_size,
        modified_ns=status.st_mtime_ns,
        is_regular=stat.S_ISREG(status.st_mode),
    )


def _sort_out(scan: FolderScan, folder: str, found: Iterable[FoundFile]) -> None:
    """Tell the docking file and the sidecars of one folder from its other files."""
    described: dict[str, FoundFile] = {}
    files: list[FoundFile] = []
    for file in found:
        if file.name == DOCKING_FILE and file.is_regular:
            scan.docking_files[folder] = file
        elif file.name.lower().endswith(_SIDECAR_EXTENSION) and file.is_regular:
            described[file.name[: -len(_SIDECAR_EXTENSION)]] = file
        else:
            files.append(file)
    for file in files:
        sidecar = described.get(file.name) or described.get(file.name.rpartition(".")[0])
        scan.files[file.path] = _with_sidecar(file, sidecar)
        if sidecar is not None:
            scan.sidecar_paths.add(sidecar.path)
    for alone in described.values():
        if alone.path not in scan.sidecar_paths:
            scan.files[alone.path] = alone


def _with_sidecar(file: FoundFile, sidecar: FoundFile | None) -> FoundFile:
    if sidecar is None or not file.is_regular:
        return file
    return FoundFile(
        path=file.path,
        folder=file.folder,
        name=file.name,
        os_path=file.os_path,
        size_bytes=file.size_bytes,
        modified_ns=file.modified_ns,
        sidecar=sidecar,
    )


def scan_file(path: Path) -> FolderScan:
    """One file with the sidecar and the docking file beside it. Raises SourceMissingError."""
    folder = path.absolute().parent
    scan = FolderScan()
    try:
        entries = [entry for entry in _entries(folder, "") if not stat.S_ISDIR(entry[1].st_mode)]
    except OSError as error:
        raise SourceMissingError(folder=folder, why=os_reason(error)) from error
    _sort_out(scan, "", [_found(*entry) for entry in entries])
    wanted = text_of_path(path.name)
    if wanted not in scan.files:
        raise SourceMissingError(folder=path, why=sentence("source_none", "there is no such file, or it is a sidecar"))
    scan.files = {wanted: scan.files[wanted]}
    return scan
