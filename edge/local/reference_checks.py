"""`doctor` on the commissioned views: which cannot be used, and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.contract.sentences import sentence
from edge.domain.path_text import shown_text
from edge.local.checks import Check, Health
from edge.storage.reference_files import ReferenceFiles
from edge.storage.reference_health import ReferenceHealth

_RESTORE = sentence(
    "reference_restore",
    "Restore its files from the backup, or commission the monitor again with `tallylight-edge commission`",
)


def reference_checks(data_dir: Path) -> Iterator[Check]:
    """One check for each record that cannot be used; nothing where all can."""
    for one in ReferenceHealth(ReferenceFiles(data_dir)).unusable():
        place = shown_text(f"{one.device or '?'}: {one.record}")
        yield Check(sentence("file_beside", "{path}", path=place), Health.BAD, one.why, _RESTORE)
