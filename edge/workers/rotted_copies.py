"""A landing copy whose bytes are not those that were taken: it is put aside, and the clip is copied anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from edge.contract.instants import UtcMicros
from edge.platform.durable import sha256_of_file
from edge.storage.contents import find_content, forget_landing_copy
from edge.storage.journal import Journal
from edge.storage.landing import LandingArea
from edge.storage.seen_files import fetch_again

log = structlog.get_logger(__name__)


def put_aside_if_rotted(
    journal: Journal, landing: Path, clip_id: str, *, tell: Callable[..., None], now_us: UtcMicros
) -> None:
    """Read the copy of a clip again, whole. `tell` gets the rows, a code, the moment and the values of an event.

    Without this a disk that changed one bit would keep the clip from the server for ever, though its source has it.
    """
    with journal.transaction() as rows:
        content = find_content(rows, clip_id)
    if content is None or content.landing_name is None:
        return
    path = landing / content.landing_name
    if path.is_symlink() or not path.is_file():
        return  # opening it for the next sending says so
    try:
        if sha256_of_file(path)[0] == content.sha256:
            return
        aside = LandingArea(landing).reject(content.landing_name)
    except OSError as error:
        log.error("landing_copy_unreadable", clip_id=clip_id, why=error.strerror)
        return
    with journal.transaction() as rows:
        forget_landing_copy(rows, clip_id)
        files = fetch_again(rows, clip_id, now_us=now_us)
        tell(rows, "landing_copy_unreadable", now_us, clip_id=clip_id, why="its bytes are not those that were taken")
    log.error("landing_copy_rotted", clip_id=clip_id, put_aside=str(aside), fetched_again=files)
