"""Every hour beside the running server: what the start settles is looked at again, and nothing is changed."""

from __future__ import annotations

import structlog
from sqlalchemy import select

from edge.contract.instants import UtcMicros
from server.domain.verification import STOP_FILE_MISSING
from server.store.history_mark import read_mark
from server.store.tables import Clip
from server.usecases.context import AppContext
from server.usecases.receive_sighting import SEALED
from server.usecases.signing_state import check_recent_acts
from server.usecases.tell_verified import tell_missing
from server.usecases.verify_files import wrong_among_files

log = structlog.get_logger(__name__)
_AT_ONCE = 1_000


def look_again(context: AppContext, *, now_us: UtcMicros) -> list[str]:
    """The codes of what is wrong. A sealed clip without its file stops signing; what a start would settle is logged."""
    check_recent_acts(context.db, now_us=now_us, mark=read_mark(context.config.data_dir))
    missing = _without_file(context)
    tell_missing(context.db, missing, now_us=now_us)
    found = [STOP_FILE_MISSING] * len(missing)
    for wrong in wrong_among_files(context.db, context.clip_files, now_us=now_us):
        log.warning("store_file_unaccounted", subject=wrong.subject.value, item=wrong.item, why=wrong.said.code)
        found.append(wrong.said.code)
    return found


def _without_file(context: AppContext) -> list[str]:
    """Sealed clips whose file is not there or has another size; rows are read by pages, the server writes on."""
    missing: list[str] = []
    after = ""
    while True:
        query = select(Clip.clip_id, Clip.size_bytes, Clip.stored_path).where(
            Clip.state == SEALED, Clip.clip_id > after
        )
        with context.db.reading() as session:
            rows = session.execute(query.order_by(Clip.clip_id).limit(_AT_ONCE)).all()
        if not rows:
            return missing
        after = rows[-1].clip_id
        for clip_id, size_bytes, stored_path in rows:
            path = context.clip_files.path_of(stored_path or "")
            if not path.is_file() or path.stat().st_size != size_bytes:
                missing.append(clip_id)
