"""What a backup says of itself. Pure.

A backup is a folder of plain files: `manifest.json` names the database, the list of all files with their hashes (in the
form of sha256sum, so that anybody can check it without this program) and the act the history had come to.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from edge.contract.identifiers import ClipId, Sha256Hex
from edge.contract.instants import Instant
from edge.contract.sentences import Sentence, sentence

MANIFEST_NAME, LIST_NAME, DATABASE_NAME = "manifest.json", "SHA256SUMS", "tallylight.sqlite3"
CLIPS, QUARANTINE, FILES = "clips", "quarantine", "files"
MOST_NAMED = 10_000

_HIDDEN = frozenset("\x00\n\r\\")


def is_inside(path: str) -> bool:
    """Whether the text names a place below a folder: never absolute, never upwards."""
    return 0 < len(path) <= 500 and not _HIDDEN & set(path) and not {"", ".", ".."} & set(path.split("/"))


def _inside(path: str) -> str:
    if not is_inside(path):
        raise ValueError("it names a place outside")
    return path


PathInside = Annotated[str, AfterValidator(_inside)]
"""A path below the backup's folder."""


class BackupManifest(BaseModel):
    """`manifest.json`. `listing`: the file of hashes. `settings`: key of a setting -> the file in the backup it named.

    `not_held`: sealed clips whose bytes could not be had, at most MOST_NAMED of `clips_not_held`.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: Literal["tallylight-backup"] = "tallylight-backup"
    version: Literal[1] = 1
    made: Instant
    software: Annotated[str, Field(max_length=100)]
    server_key_id: Annotated[str, Field(max_length=64)]
    act_index: Annotated[int, Field(ge=0)]
    act_hash: Sha256Hex
    database: PathInside
    listing: PathInside
    listing_sha256: Sha256Hex
    clips: Annotated[int, Field(ge=0)]
    clips_size_bytes: Annotated[int, Field(ge=0)]
    clips_not_held: Annotated[int, Field(ge=0)] = 0
    not_held: Annotated[tuple[ClipId, ...], Field(max_length=MOST_NAMED)] = ()
    settings: dict[str, PathInside] = Field(default_factory=dict)


class BackupUnusableError(Exception):
    """The folder holds no backup that could be put back; the message says why and what to do."""

    def __init__(self, *, folder: str, why: Sentence) -> None:
        super().__init__(sentence("backup_unusable", "{folder}: {why}", folder=folder, why=why))
        self.folder, self.why = folder, why


def list_line(sha256: str, path: str) -> str:
    """A line as sha256sum writes and checks it."""
    return f"{sha256}  {path}\n"


def read_list_line(line: str) -> tuple[str, str] | None:
    """Hash and path; None where it is no such line."""
    sha256, blank, path = line.rstrip("\n").partition("  ")
    if len(sha256) != 64 or not blank or not is_inside(path):
        return None
    return sha256, path
