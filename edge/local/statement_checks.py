"""`doctor` on the JSON beside the footage: which sidecars and docking files cannot be used, and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.config import EdgeConfig
from edge.contract.instants import UtcMicros
from edge.contract.sentences import sentence
from edge.devices.statements import StatementUnreadableError, parse_sidecar, read_bounded, read_docking
from edge.domain.file_state import ListedReason
from edge.domain.path_text import path_of_text, shown_text
from edge.local.checks import Check, Health
from edge.storage.journal import reading_journal
from edge.storage.journal_errors import JournalUnusableError

_SHOWN_AT_MOST = 10
_CORRECT = sentence(
    "statement_correct",
    "Correct the file: it is read again when it has changed, and what it says is told of the recordings it is about",
)
_ADVICE = {ListedReason.DOCKING_UNREADABLE: _CORRECT, ListedReason.SIDECAR_UNREADABLE: _CORRECT}


def statement_checks(config: EdgeConfig, now_us: UtcMicros) -> Iterator[Check]:
    """One check for each listed statement that still cannot be used; nothing where all can."""
    journal = config.data_dir / "journal.sqlite3"
    folders = {source.name: source.folder for source in config.sources}
    for source, path, reason in _listed(journal):
        if source in folders:
            why = _why(folders[source] / path_of_text(path), reason, now_us)
            if why:
                yield Check(
                    sentence("file_beside", "{path}", path=shown_text(path)), Health.DOUBTFUL, why, _ADVICE[reason]
                )


def _listed(journal: Path) -> list[tuple[str, str, ListedReason]]:
    try:
        with reading_journal(journal) as rows:
            found = rows.execute(
                "SELECT source, path, reason FROM seen_file WHERE reason IN (?, ?) ORDER BY source, path LIMIT ?",
                (*_ADVICE, _SHOWN_AT_MOST),
            ).fetchall()
    except JournalUnusableError:
        return []  # there is none yet, or the check of the journal has told it
    return [(row["source"], row["path"], ListedReason(row["reason"])) for row in found]


def _why(path: Path, reason: ListedReason, now_us: UtcMicros) -> str:
    try:
        if reason is ListedReason.DOCKING_UNREADABLE:
            read_docking(path, now_us=now_us)
        else:
            parse_sidecar(read_bounded(path), name=path.name)
    except StatementUnreadableError as error:
        return error.why
    return ""
