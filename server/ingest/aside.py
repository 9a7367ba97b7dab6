"""Where refused messages go: kept for a person, logged and counted; a flood of them is only counted.

Bounds are shared by gateways: one that is refused without end keeps nobody else's messages from being kept.
"""

from __future__ import annotations

from collections import Counter

import structlog

from server.domain.broker_access import gateway_in
from server.ingest import metrics
from server.store.database import Database
from server.store.set_aside import set_aside

log = structlog.get_logger(__name__)
_MAX_PER_MINUTE, _MAX_OF_ONE = 120, 30
_MINUTE_US = 60_000_000


class Aside:
    """Bounded by rows in all, and by messages a minute: of one gateway, and of all."""

    def __init__(self, db: Database, *, max_rows: int) -> None:
        self._db, self._max_rows = db, max_rows
        self._minute = 0
        self._of_one: Counter[str] = Counter()

    def put(self, topic: str, payload: bytes, reason: str, detail: str, received_us: int) -> None:
        """Keep a refused message with the reason."""
        metrics.SET_ASIDE.labels(reason=reason).inc()
        minute = received_us // _MINUTE_US
        if minute != self._minute:
            self._minute, self._of_one = minute, Counter()
        gateway_id = gateway_in(topic)
        if self._of_one[gateway_id] >= _MAX_OF_ONE or self._of_one.total() >= _MAX_PER_MINUTE:
            return
        self._of_one[gateway_id] += 1
        log.warning("message_set_aside", topic=topic[:120], reason=reason)
        with self._db.writing() as session:
            set_aside(
                session,
                topic=topic,
                payload=payload,
                reason=reason,
                detail=detail,
                received_us=received_us,
                max_rows=self._max_rows,
            )
